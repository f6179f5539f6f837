"""From any kind of pixels that Pillow decodes to 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.errors import InputError
from tfviz.image.colour import to_srgb

if TYPE_CHECKING:
    from PIL import Image

DEEPEST = 65535

# In these formats Pillow's 32-bit mode stands for 16-bit samples.
SIXTEEN_BIT_AS_32 = ("PNG", "PPM")


def rgb8(image: Image.Image, *, format_name: str | None, name: str) -> np.ndarray:
    """The pixels as a person sees them on a white page.

    Args:
        image: Loaded, of any mode.
        format_name: Pillow's name of the file format, e.g. "PNG".
        name: What to call the image in a message.

    Returns:
        uint8 of shape (height, width, 3).

    Raises:
        InputError: If floating-point pixels aren't finite.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and format_name in SIXTEEN_BIT_AS_32):
        return _from_16_bit(np.asarray(image), image.info.get("transparency"))
    if image.mode in ("I", "F"):
        return _from_own_range(np.asarray(image), name)
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("RGB", "L", "CMYK", "LAB"):
        image = image.convert("RGB")
    if profile or image.mode == "LAB":
        image = to_srgb(image, profile or b"")
    if image.mode == "RGBA":
        image = _over_white(image)
    if image.mode != "RGB":
        image = image.convert("RGB")
    return np.array(image)


def _over_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    page = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(page, image).convert("RGB")


def _from_16_bit(samples: np.ndarray, transparent: object) -> np.ndarray:
    """Divides by 257, so that 65535 becomes 255; taking the high byte would darken everything."""
    wide = np.clip(samples, 0, DEEPEST).astype(np.uint32)
    gray = ((wide + 128) // 257).astype(np.uint8)
    if isinstance(transparent, int):
        gray[wide == transparent] = 255
    return _gray_to_rgb(gray)


def _from_own_range(samples: np.ndarray, name: str) -> np.ndarray:
    """Measured values have no white of their own: the largest becomes white, the smallest black."""
    values = samples.astype(np.float64)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise InputError(
            f"'{name}' holds {bad} pixels that are NaN or infinite, out of {values.size}: "
            "replace them, or save the image with 8 bits a channel."
        )
    low, high = float(values.min()), float(values.max())
    scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return _gray_to_rgb(np.rint(scaled).astype(np.uint8))


def _gray_to_rgb(gray: np.ndarray) -> np.ndarray:
    return np.repeat(gray[..., np.newaxis], 3, axis=-1)
