"""Image files as a person sees them: upright, in sRGB, on white, 8 bits a channel."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tfviz.errors import InputError
from tfviz.image.fallbacks import fallback
from tfviz.image.headers import PNG_BEGINNING
from tfviz.image.mending import mended, without_text
from tfviz.image.opening import (
    MAX_PIXELS,
    DamagedError,
    OpenFile,
    UnknownError,
    opened_file,
    opened_image,
)
from tfviz.image.pixels import rgb8, upright

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MAX_PIXELS", "check_header", "read_rgb"]

T = TypeVar("T")

# As Pillow 10 and later ones say it; of ICC profiles, too, which makes no difference here.
TOO_MUCH_TEXT = re.compile("decompressed data too large|text chunks", re.IGNORECASE)

ORIENTATION = 0x0112
WIDTH, HEIGHT = 256, 257


def read_rgb(
    path: str | os.PathLike[str],
    *,
    max_pixels: int = MAX_PIXELS,
    allow_truncated: bool = False,
    notes: list[str] | None = None,
) -> np.ndarray:
    """Reads an image file.

    EXIF orientation is obeyed (where there is none, that of XMP), an ICC profile converted to
    sRGB, and the gamma a PNG file states, too. 16-bit samples are scaled by the full range of
    their bits, larger integers and floats by the range in the image (0 to 1 if they lie within);
    transparent parts lie on white; of an animation the first frame is taken.

    Args:
        path: The file, of any format that Pillow reads, whatever its suffix; also a TIFF that
            tifffile reads, and HEIC where pillow-heif is installed.
        max_pixels: Larger images are refused before they are decoded.
        allow_truncated: Whether to take what is left of a JPEG, PNG or GIF, or of an
            uncompressed BMP, PPM, TGA or TIFF, that is cut off. The rest is gray, or the first
            colour of the palette.
        notes: Gets a clause for whatever the picture doesn't show by itself: that it was cut off,
            or how values without a white of their own were scaled.

    Returns:
        uint8 of shape (height, width, 3), a new and writable array.

    Raises:
        InputError: If it isn't a whole image: absent, empty, cut off, damaged, too large, or
            something else altogether, which the message names.
    """
    notes = [] if notes is None else notes
    with opened_file(path, max_pixels) as source:
        try:
            return _without_much_text(lambda each: _decoded(each, notes), source)
        except UnknownError:
            found = fallback(source)
            if found is None:
                raise
            return found.decode(notes)
        except DamagedError as error:
            if not allow_truncated:
                raise
            said: list[str] = []
            shown = _what_is_left(lambda each: _decoded(each, said), source, error)
            notes += ["it is cut off or damaged; what is missing was filled up", *said]
            return shown


def check_header(
    path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS, allow_truncated: bool = False
) -> tuple[int, int]:
    """Finds out quickly whether a file is an image, and how large, without decoding its pixels.

    Args:
        path: The file.
        max_pixels: Larger images are refused.
        allow_truncated: As for `read_rgb`: in some formats a file that is cut off has no header
            that can be read as it is.

    Returns:
        (height, width) in pixels, of the upright image. An orientation that a PNG file stores
        behind its pixels isn't seen.

    Raises:
        InputError: As `read_rgb` does, except for damage behind the header.
    """
    with opened_file(path, max_pixels) as source:
        try:
            return _without_much_text(_size, source)
        except UnknownError:
            found = fallback(source)
            if found is None:
                raise
            return found.height, found.width
        except DamagedError as error:
            if not allow_truncated:
                raise
            return _what_is_left(_size, source, error)


def _without_much_text(read: Callable[[OpenFile], T], source: OpenFile) -> T:
    """Reads a PNG file whose text is more than Pillow unpacks as if it had none."""
    try:
        return read(source)
    except DamagedError as error:
        if not TOO_MUCH_TEXT.search(str(error)):
            raise
        source.file.seek(0)
        return read(source.instead(without_text(source.file.read())))


def _what_is_left(read: Callable[[OpenFile], T], source: OpenFile, error: DamagedError) -> T:
    """Reads what is there of a file that isn't whole."""
    source.file.seek(0)
    whole = mended(source.file.read(), error.format, error.size)
    try:
        if whole is None:
            raise error
        return read(source.instead(whole))
    except DamagedError:
        raise InputError(
            f"'{source.name}' is cut off or damaged, and nothing of it can be saved: download or "
            "copy it again."
        ) from error


def _size(source: OpenFile) -> tuple[int, int]:
    with opened_image(source) as image:
        width, height = image.size
        # Pillow's versions differ in whether the size of a TIFF is that of the upright image.
        tags = getattr(image, "tag_v2", None)
        if tags is not None:
            width, height = tags.get(WIDTH, width), tags.get(HEIGHT, height)
        return (width, height) if _orientation(image, header=True) >= 5 else (height, width)


def _decoded(source: OpenFile, notes: list[str]) -> np.ndarray:
    with opened_image(source) as image:
        format_name = image.format
        image.load()
        if format_name == "PNG" and "transparency" in image.info:
            _obey_depth_of_transparency(image, source.head)
        shown = rgb8(image, format_name=format_name, name=source.name, notes=notes)
        return upright(shown, _orientation(image))


def _obey_depth_of_transparency(image: Image.Image, head: bytes) -> None:
    """A PNG file names its transparent colour in samples of its own depth, Pillow's have 8 bits."""
    colour = image.info["transparency"]
    depth = head[24] if head.startswith(PNG_BEGINNING) else 8
    if image.mode == "RGB" and depth == 16:
        image.info["transparency"] = tuple(each >> 8 for each in colour)
    elif image.mode == "L" and depth < 8:
        image.info["transparency"] = colour * 255 // ((1 << depth) - 1)


def _orientation(image: Image.Image, *, header: bool = False) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it can't be read."""
    from PIL import Image

    try:
        # PNG's own getexif decodes the pixels to reach what is stored behind them.
        exif = Image.Image.getexif(image) if header else image.getexif()
        value = exif.get(ORIENTATION)
    except Exception:
        # Broken EXIF says nothing about the pixels, and parsers fail on it in every way.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
