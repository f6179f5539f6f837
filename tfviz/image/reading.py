"""Image files as a person sees them: upright, in sRGB, on white, 8 bits a channel."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tfviz.errors import InputError
from tfviz.image.impostors import HEAD_BYTES, what_it_is
from tfviz.image.pixels import rgb8
from tfviz.image.quiet import quiet_pillow

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 178_956_970
"""About 13,000 x 13,000; where Pillow, too, refuses a file as a decompression bomb."""

ORIENTATION = 0x0112
WIDTH, HEIGHT = 256, 257
TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Pillow hands these to other programs on the machine, or only pretends to read them.
NOT_PIXELS = ("EPS", "WMF", "HDF5", "GRIB", "BUFR")

_pillow_limit = threading.Lock()


def read_rgb(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Reads an image file.

    EXIF orientation is obeyed and an ICC profile converted to sRGB. 16-bit samples are scaled by
    their full range, floating-point ones by the range in the image; transparent parts lie on
    white; of an animation the first frame is taken.

    Args:
        path: The file, of any format that Pillow reads, whatever its suffix.
        max_pixels: Larger images are refused before they are decoded.

    Returns:
        uint8 of shape (height, width, 3), a new and writable array.

    Raises:
        InputError: If it isn't a whole image: absent, empty, cut off, damaged, too large, or
            something else altogether, which the message names.
    """
    with _opened(path, max_pixels) as image:
        format_name = image.format
        image.load()
        return rgb8(_upright(image), format_name=format_name, name=str(path))


def check_header(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Finds out quickly whether a file is an image, and how large, without decoding its pixels.

    Args:
        path: The file.
        max_pixels: Larger images are refused.

    Returns:
        (height, width) in pixels, of the upright image. An orientation that a PNG file stores
        behind its pixels isn't seen.

    Raises:
        InputError: As `read_rgb` does, except for damage behind the header.
    """
    with _opened(path, max_pixels) as image:
        width, height = image.size
        # Pillow's versions differ in whether the size of a TIFF is that of the upright image.
        tags = getattr(image, "tag_v2", None)
        if tags is not None:
            width, height = tags.get(WIDTH, width), tags.get(HEIGHT, height)
        return (width, height) if _orientation(image, header=True) >= 5 else (height, width)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str], max_pixels: int) -> Iterator[Image.Image]:
    """An image whose header has been read; whatever fails in the block is told as InputError."""
    name = str(path)
    with _file(Path(path)) as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        from PIL import Image, UnidentifiedImageError

        try:
            with quiet_pillow(), _limit(max_pixels), Image.open(file) as image:
                _refuse_too_large(name, image.width * image.height, max_pixels)
                if image.format in NOT_PIXELS:
                    known = (
                        what_it_is(head) or f"has no pixels but is {image.format}: save it as PNG"
                    )
                    raise InputError(f"'{name}' {known}.")
                yield image
        except InputError:
            raise
        except UnidentifiedImageError as error:
            raise InputError(f"'{name}' {_unidentified(head)}.") from error
        except Image.DecompressionBombError as error:
            count = re.search(r"\d+", str(error))
            _refuse_too_large(name, int(count[0]) if count else max_pixels + 1, max_pixels)
            raise InputError(
                f"'{name}' has more pixels than this process allows Pillow to decode ({error}): "
                "make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS."
            ) from error
        except MemoryError as error:
            raise InputError(
                f"'{name}' doesn't fit into memory: close other programs or make it smaller."
            ) from error
        # Damaged files make decoders raise whatever they stumble over: OSError, SyntaxError,
        # struct.error, zlib.error, IndexError, OverflowError, ...
        except Exception as error:
            told = str(error) or type(error).__name__
            raise InputError(
                f"'{name}' is cut off or damaged ({told}): download or copy it again."
            ) from error


@contextlib.contextmanager
def _file(path: Path) -> Iterator[BinaryIO]:
    """Opens a file, telling why that is impossible."""
    try:
        # Opening a pipe would wait for its other end.
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no ordinary file"
            raise InputError(f"'{path}' is {kind}: give an image file.")
        file = path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"no such file: '{path}'.") from error
    except PermissionError as error:
        raise InputError(
            f"no permission to read '{path}': ask its owner, or copy it to a place of yours."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"can't open '{path}': {reason}; check the name.") from error
    with file:
        yield file


@contextlib.contextmanager
def _limit(max_pixels: int) -> Iterator[None]:
    """Lifts Pillow's own limit for the block, where the caller asked for more than that."""
    if max_pixels <= MAX_PIXELS:
        yield
        return
    from PIL import Image

    # Pillow keeps one limit for the whole process, so two that lift it have to take turns.
    with _pillow_limit:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _refuse_too_large(name: str, pixels: int, max_pixels: int) -> None:
    if pixels > max_pixels:
        raise InputError(
            f"'{name}' says that it has {pixels:,} pixels, more than the limit of {max_pixels:,}: "
            "make it smaller, or raise max_pixels if you trust the file."
        )


def _unidentified(head: bytes) -> str:
    """The rest of a sentence about a file that Pillow doesn't know."""
    if head.startswith(TIFF_BEGINNINGS):
        return "is a TIFF with a kind of pixels Pillow can't decode: save it with 8 bits a channel"
    known = what_it_is(head)
    if known is None:
        return "is no image that Pillow can read, or its header is damaged: convert it to PNG"
    if "HEIC" in known:
        return (
            "is a HEIC photo: run `pip install pillow-heif` and register it with "
            "`pillow_heif.register_heif_opener()`, or convert it to JPEG"
        )
    return known


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


def _upright(image: Image.Image) -> Image.Image:
    from PIL.Image import Transpose

    how = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(_orientation(image))
    return image if how is None else image.transpose(how)
