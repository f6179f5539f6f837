"""From any kind of pixels that Pillow decodes to 8-bit RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.errors import InputError
from tfviz.image.colour import from_gamma, is_understood, to_srgb

if TYPE_CHECKING:
    from PIL import Image

DEEPEST = 65535
# Cameras and scanners that measure 10 to 14 bits leave the upper ones of 16 empty.
RARELY_DARKER = 1 << 14
FEWEST_BITS = 8

# In these formats Pillow's 32-bit mode stands for 16-bit samples.
SIXTEEN_BIT_AS_32 = ("PNG", "PPM")

TIFF_BITS, TIFF_PHOTOMETRIC, TIFF_FORMAT = 258, 262, 339
WHITE_IS_ZERO = 0
UNSIGNED = 1


def rgb8(
    image: Image.Image, *, format_name: str | None, name: str, notes: list[str] | None = None
) -> np.ndarray:
    """The pixels as a person sees them on a white page.

    Args:
        image: Loaded, of any mode.
        format_name: Pillow's name of the file format, e.g. "PNG".
        name: What to call the image in a message.
        notes: Gets a clause for whatever had to be decided that the file doesn't say.

    Returns:
        uint8 of shape (height, width, 3).

    Raises:
        InputError: If floating-point pixels aren't finite.
    """
    notes = [] if notes is None else notes
    profile = image.info.get("icc_profile")
    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16") or (image.mode == "I" and format_name in SIXTEEN_BIT_AS_32):
        deepest = (1 << min(16, tags.get(TIFF_BITS, (16,))[0])) - 1
        gray = _from_16_bit(np.asarray(image), deepest, image.info.get("transparency"), notes)
        return _gray_in_srgb(_inverted(gray, tags), profile)
    if image.mode in ("I", "F"):
        samples = np.asarray(image)
        if image.mode == "I" and tags.get(TIFF_BITS) == (32,):
            # Pillow takes all of them for signed.
            unsigned = tags.get(TIFF_FORMAT, (UNSIGNED,))[0] == UNSIGNED
            samples = samples.view(np.uint32) if unsigned else samples
        return _inverted(from_own_range(samples, name, notes), tags)
    alpha = None
    if image.has_transparency_data:
        is_gray = image.mode in ("L", "LA", "La")
        if image.mode == "La":
            image = image.convert("LA")
        alpha = image.convert("RGBA").getchannel("A")
        image = image.convert("L" if is_gray else "RGBA").convert("L" if is_gray else "RGB")
    elif image.mode not in ("RGB", "L", "CMYK", "LAB"):
        image = image.convert("RGB")
    if image.mode == "CMYK" and not profile:
        notes.append("its CMYK colours have no profile, so they are approximate")
    if profile or image.mode == "LAB":
        if profile and image.mode != "LAB" and not is_understood(profile, image.mode):
            notes.append("its ICC profile is damaged or made for other pixels, and was ignored")
        image = to_srgb(image, profile or b"")
    elif format_name == "PNG" and "srgb" not in image.info:
        image = from_gamma(image, image.info.get("gamma"))
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None and np.asarray(alpha).min(initial=255) < 255:
        notes.append("its transparent parts lie on white")
        image = _over_white(image, alpha)
    return np.array(image)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turns stored pixels as their EXIF orientation says.

    Args:
        pixels: Of shape (height, width, 3).
        orientation: 1 to 8; 1 leaves them as they are.

    Returns:
        An array whose memory is in order.
    """
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    # After that exchange: which orientations have their columns, and their rows, the other way.
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def over_white(shown: np.ndarray, alpha: np.ndarray, *, premultiplied: bool = False) -> np.ndarray:
    """Lays pixels on a white page.

    Args:
        shown: uint8 of shape (height, width, 3).
        alpha: Of shape (height, width), 0 where the page shows, 1 where it doesn't.
        premultiplied: Whether the pixels have been multiplied by alpha already.

    Returns:
        uint8 of shape (height, width, 3).
    """
    cover = alpha[..., np.newaxis]
    ink = shown if premultiplied else shown * cover
    return np.rint(np.minimum(255, ink + 255 * (1 - cover))).astype(np.uint8)


def from_full_range(samples: np.ndarray) -> np.ndarray:
    """The highest value there can be becomes white.

    Args:
        samples: Unsigned, of shape (height, width) or (height, width, 3).

    Returns:
        uint8 of shape (height, width, 3).
    """
    deepest = int(np.iinfo(samples.dtype).max)
    return _gray_to_rgb(_scaled(samples, deepest))


def from_own_range(samples: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """Measured values have no white of their own: the largest becomes white, the smallest black.

    Floats between 0 and 1 do have one, by a convention that every program follows.

    Args:
        samples: Of shape (height, width) or (height, width, 3).
        name: What to call the image in a message.
        notes: Gets a clause that names the range.

    Returns:
        uint8 of shape (height, width, 3).

    Raises:
        InputError: If some aren't finite.
    """
    values = samples.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        bad = ~(finite if finite.ndim == 2 else finite.all(axis=-1))
        raise InputError(
            f"'{name}' holds {np.count_nonzero(bad)} pixels that are NaN or infinite, out of "
            f"{bad.size}: replace them, or save the image with 8 bits a channel."
        )
    low, high = float(values.min()), float(values.max())
    if np.issubdtype(samples.dtype, np.floating) and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    notes.append(
        f"its {samples.dtype} values are shown with {low:g} as black and {high:g} as white"
    )
    scaled = (values - low) * (255 / (high - low)) if high > low else np.zeros_like(values)
    return _gray_to_rgb(np.rint(scaled).astype(np.uint8, order="C"))


def _over_white(image: Image.Image, alpha: Image.Image) -> Image.Image:
    from PIL import Image

    page = Image.new("RGBA", image.size, (255, 255, 255, 255))
    image.putalpha(alpha)
    return Image.alpha_composite(page, image).convert("RGB")


def _from_16_bit(
    samples: np.ndarray, deepest: int, transparent: object, notes: list[str]
) -> np.ndarray:
    """Divides by 257, so that 65535 becomes 255; taking the high byte would darken everything."""
    wide = np.clip(samples, 0, deepest).astype(np.uint32)
    highest = int(wide.max(initial=0))
    if deepest == DEEPEST and 0 < highest < RARELY_DARKER:
        note = f"its 16-bit values reach {highest} of 65535 only, so it is dark"
        bits = highest.bit_length()
        if bits >= FEWEST_BITS:
            scale = DEEPEST // ((1 << bits) - 1)
            note += f"; if they were measured with {bits} bits, multiply them by {scale}"
        notes.append(note)
    gray = _scaled(wide, deepest)
    if isinstance(transparent, int):
        gray[wide == transparent] = 255
    return gray


def _scaled(samples: np.ndarray, deepest: int) -> np.ndarray:
    wide = samples.astype(np.uint32)
    return ((wide * 255 + deepest // 2) // deepest).astype(np.uint8, order="C")


def _gray_in_srgb(gray: np.ndarray, profile: bytes | None) -> np.ndarray:
    if not profile:
        return _gray_to_rgb(gray)
    from PIL import Image

    return np.array(to_srgb(Image.fromarray(gray), profile).convert("RGB"))


def _inverted(shown: np.ndarray, tags: dict) -> np.ndarray:
    """Pillow turns a TIFF whose white is zero around at 8 bits, but not at 12, 16 and 32."""
    return 255 - shown if tags.get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO else shown


def _gray_to_rgb(gray: np.ndarray) -> np.ndarray:
    return gray if gray.ndim == 3 else np.repeat(gray[..., np.newaxis], 3, axis=-1)
