"""Colours as the photo's own profile means them, in sRGB."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image, ImageCms

# Two profiles that both mean sRGB differ by rounding; one level more can't be seen either.
SAME_COLOUR = 2

# What a PNG file says of pictures in sRGB, and how far from it makes no difference.
SRGB_GAMMA, SAME_GAMMA = 1 / 2.2, 0.05


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Converts an image from its ICC profile to sRGB.

    Args:
        image: Of mode RGB, RGBA, L, CMYK or LAB.
        profile: The profile found in its file; ignored for LAB, which has a meaning of its own.

    Returns:
        An RGB or RGBA image; the image itself where there is nothing to convert, or where the
        profile is damaged or made for another kind of pixels (browsers ignore it then, too).
    """
    transform, _ = _transform(profile if image.mode != "LAB" else b"", image.mode)
    if transform is None:
        return image
    from PIL import ImageCms

    converted = ImageCms.applyTransform(image, transform)
    return image if converted is None else converted


def is_understood(profile: bytes, mode: str) -> bool:
    """Whether an ICC profile can be read and is made for pixels of this mode."""
    return _transform(profile, mode)[1]


def from_gamma(image: Image.Image, gamma: object) -> Image.Image:
    """Obeys the gamma that a PNG file states for samples that aren't sRGB, as browsers do.

    Args:
        image: Of mode RGB or L.
        gamma: The exponent that made the samples from light, from the chunk gAMA.

    Returns:
        The image in sRGB; the image itself where there is nothing to do.

    Source:
        PNG (third edition), 13.13 Decoder gamma handling.
    """
    if not isinstance(gamma, float) or not 0.01 < gamma < 10:
        return image
    if abs(gamma / SRGB_GAMMA - 1) <= SAME_GAMMA:
        return image
    light = (np.arange(256) / 255) ** (1 / gamma)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return image.point([*np.rint(255 * srgb).astype(int).tolist()] * len(image.getbands()))


# A folder of photos has a handful of profiles, and building a transform takes longer than
# applying it to a small image.
@functools.lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, bool]:
    """The way from a profile to sRGB, None if it changes nothing; and whether there is one."""
    try:
        from PIL import ImageCms
    except ImportError:
        return None, False
    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        wanted = "RGBA" if mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(source, target, mode, wanted)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, SyntaxError):
        return None, False
    if mode in ("RGB", "RGBA") and _changes_nothing(transform, mode):
        return None, True
    return transform, True


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a profile is sRGB by another name, as in most photos that carry one."""
    from PIL import Image, ImageCms

    steps = np.linspace(0, 255, 9).astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(27, 27, 3)
    before = Image.fromarray(cube).convert(mode)
    after = ImageCms.applyTransform(before, transform)
    difference = np.asarray(after).astype(int) - np.asarray(before)
    return bool(np.abs(difference).max() <= SAME_COLOUR)
