"""Images that Pillow can't open, or gets wrong, and another library can: HEIC, odd TIFFs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfviz.errors import InputError
from tfviz.image.impostors import is_heic
from tfviz.image.opening import TIFF_BEGINNINGS, OpenFile, told
from tfviz.image.pixels import from_full_range, from_own_range, over_white, rgb8, upright
from tfviz.image.quiet import quiet_pillow

ORIENTATION = 274
TURNED = (5, 6, 7, 8)
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
PREMULTIPLIED = 1


@dataclass(frozen=True)
class Fallback:
    """An image found by another library, not yet decoded.

    Attributes:
        height: In pixels, of the upright image.
        width: In pixels.
        decode: Gives uint8 pixels of shape (height, width, 3) and appends to the notes.
    """

    height: int
    width: int
    decode: Callable[[list[str]], np.ndarray]


def fallback(source: OpenFile) -> Fallback | None:
    """Opens an image that Pillow doesn't know.

    Args:
        source: The file, from anywhere in it.

    Returns:
        The image, or None if no installed library is known to read it.

    Raises:
        InputError: If it is too large or damaged.
    """
    source.file.seek(0)
    found = None
    with told(source):
        if is_heic(source.head):
            found = _heic(source)
        elif source.head.startswith(TIFF_BEGINNINGS):
            found = _deep_tiff(source)
    if found is not None:
        source.refuse_too_large(found.height * found.width)
    return found


def _heic(source: OpenFile) -> Fallback | None:
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        return None
    # Without registering it: which files Pillow opens is a setting of the whole process.
    picture = pillow_heif.open_heif(source.file)
    width, height = picture.size

    def decode(notes: list[str]) -> np.ndarray:
        with told(source), quiet_pillow():
            # libheif turns the pixels itself, whatever the EXIF data go on to say.
            return rgb8(picture.to_pillow(), format_name="HEIF", name=source.name, notes=notes)

    return Fallback(height, width, decode)


def _deep_tiff(source: OpenFile) -> Fallback | None:
    """Gray or colour of integers or floats of up to 64 bits, signed or not, planar or not."""
    import tifffile

    with quiet_pillow():
        try:
            page = tifffile.TiffFile(source.file).pages.first
        except Exception:
            # Whatever a parser stumbles over: then Pillow's refusal says it as well.
            return None
        kind, channels = page.dtype, page.samplesperpixel
        if (
            page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
            or page.axes not in ("YX", "YXS", "SYX")
            or (channels not in (3, 4) if page.photometric == RGB else channels != 1)
            or kind is None
            or kind.kind not in "uif"
            or kind.itemsize > 8
        ):
            return None
        extra = int(page.extrasamples[0]) if page.extrasamples else 0
        if extra and kind.kind == "i":
            return None
        orientation = page.tags.valueof(ORIENTATION, 1)
    height, width = page.imagelength, page.imagewidth
    if orientation in TURNED:
        width, height = height, width

    def decode(notes: list[str]) -> np.ndarray:
        with told(source), quiet_pillow():
            try:
                samples = page.asarray()
            except (ValueError, ImportError) as error:
                if isinstance(error, ValueError) and "imagecodecs" not in str(error):
                    raise
                raise InputError(
                    f"'{source.name}' is a TIFF whose {kind} pixels are packed in a way that "
                    "can't be unpacked here: run `pip install imagecodecs`, or save it unpacked."
                ) from error
            if page.axes == "SYX":
                samples = samples.transpose(1, 2, 0)
            if samples.shape[:2] != (page.imagelength, page.imagewidth):
                raise ValueError(f"its pixels have the shape {samples.shape}")
            if samples.ndim == 3:
                alpha = samples[..., 3] if extra else None
                samples = samples[..., :3]
            else:
                alpha = None
            if kind.kind == "u" and kind.itemsize <= 2:
                shown = from_full_range(samples)
            else:
                shown = from_own_range(samples, source.name, notes)
            if page.photometric == WHITE_IS_ZERO:
                shown = 255 - shown
            if alpha is not None:
                shown = over_white(shown, _cover(alpha), premultiplied=extra == PREMULTIPLIED)
            return upright(shown, orientation)

    return Fallback(height, width, decode)


def _cover(alpha: np.ndarray) -> np.ndarray:
    whole = np.iinfo(alpha.dtype).max if np.issubdtype(alpha.dtype, np.integer) else 1
    return np.clip(alpha.astype(np.float64) / whole, 0, 1)
