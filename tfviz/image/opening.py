"""From a path to an image whose header has been read, or to a sentence that says why not."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import re
import stat
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Literal

from tfviz.errors import InputError
from tfviz.files.naming import printable
from tfviz.image.headers import PNG_BEGINNING, declared_sizes
from tfviz.image.impostors import HEAD_BYTES, what_it_is
from tfviz.image.mending import MENDABLE
from tfviz.image.quiet import quiet_pillow

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 178_956_970
"""About 13,000 x 13,000; where Pillow, too, refuses a file as a decompression bomb."""

TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

TIFF_SUBFILE, TIFF_SUB_DIRECTORIES, TIFF_DNG_VERSION = 254, 330, 50706
TIFF_BITS, TIFF_SAMPLES, TIFF_PLANAR, TIFF_EXTRA, TIFF_FORMAT = 258, 277, 284, 338, 339
REDUCED, SEPARATE, SIGNED = 1, 2, 2
LOSSY_WEBP = (b"WEBPVP8 ", b"WEBPVP8X")

# Pillow hands these to other programs on the machine, or only pretends to read them.
NOT_PIXELS = ("EPS", "WMF", "HDF5", "GRIB", "BUFR")

_pillow_limit = threading.Lock()


class DamagedError(InputError):
    """An image that begins as one and can't be decoded."""

    format: str | None = None
    size: tuple[int, int] = (0, 0)


class UnknownError(InputError):
    """A file in which Pillow finds no image."""


@dataclasses.dataclass(frozen=True)
class OpenFile:
    """A file that may be an image.

    Attributes:
        name: What to call it in a message.
        file: At its beginning.
        head: Its first `HEAD_BYTES` bytes.
        max_pixels: Larger images are refused.
    """

    name: str
    file: BinaryIO
    head: bytes
    max_pixels: int

    def instead(self, data: bytes) -> OpenFile:
        """The same file with other contents."""
        return dataclasses.replace(self, file=io.BytesIO(data), head=data[:HEAD_BYTES])

    def refuse_too_large(self, pixels: int) -> None:
        """Raises InputError if there are more pixels than are allowed."""
        if pixels > self.max_pixels:
            raise InputError(
                f"'{self.name}' says that it has {pixels:,} pixels, more than the limit of "
                f"{self.max_pixels:,}: make it smaller or, if you trust the file, raise "
                "--max-pixels (max_pixels in Python)."
            )


@contextlib.contextmanager
def opened_file(path: str | os.PathLike[str], max_pixels: int) -> Iterator[OpenFile]:
    """Opens a file for the block.

    Raises:
        InputError: If that is impossible, with the reason.
    """
    name = printable(path)
    try:
        # Opening a pipe would wait for its other end.
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
            raise InputError(f"'{name}' is {kind}: give an image file.")
        file = open(path, "rb")  # noqa: SIM115 (closed below, where its own errors are told)
    except FileNotFoundError as error:
        raise InputError(f"no such file: '{name}'.") from error
    except PermissionError as error:
        raise InputError(
            f"no permission to read '{name}': ask its owner, or copy it to a place of yours."
        ) from error
    except InputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"can't open '{name}': {reason}; check the name.") from error
    with file:
        try:
            head = file.read(HEAD_BYTES)
            file.seek(0)
        except OSError as error:
            raise InputError(
                f"can't read '{name}': {error.strerror or error}; check the drive it lies on."
            ) from error
        yield OpenFile(name, file, head, max_pixels)


@contextlib.contextmanager
def opened_image(source: OpenFile) -> Iterator[Image.Image]:
    """An image whose header has been read; whatever fails in the block is told as InputError.

    Raises:
        UnknownError: If Pillow finds no image in the file.
        DamagedError: If decoding it fails.
        InputError: If it is too large, or no picture.
    """
    from PIL import Image, UnidentifiedImageError

    image = None
    with told(source) as damaged:
        for size in declared_sizes(source.file, source.head):
            if 0 in size:
                raise InputError(
                    f"'{source.name}' says that it is {size[0]} x {size[1]} pixels: there is "
                    "nothing to see; save or download it again."
                )
            source.refuse_too_large(size[0] * size[1])
            if source.head[8:16] in LOSSY_WEBP:
                # Pillow already fails to open a WebP file that isn't whole.
                damaged.format, damaged.size = "WEBP", size
            elif source.head.startswith(PNG_BEGINNING):
                # The same with a PNG file that is damaged before its pixels.
                damaged.format, damaged.size = "PNG", size
        try:
            with quiet_pillow(), _header_read(source) as image:
                source.refuse_too_large(image.width * image.height)
                if image.format in NOT_PIXELS:
                    known = what_it_is(source.head)
                    known = known or f"has no pixels but is {image.format}: save it as PNG"
                    raise InputError(f"'{source.name}' {known}.")
                _refuse_raw(source, image)
                if _misread(source, image):
                    raise UnidentifiedImageError
                packed = image.format == "TIFF" and image.info.get("compression") != "raw"
                damaged.format, damaged.size = None if packed else image.format, image.size
                yield image
        except UnidentifiedImageError as error:
            if damaged.format is not None:
                raise OSError("its header can't be read") from error
            raise UnknownError(f"'{source.name}' {_unidentified(source)}.") from error
        except Image.DecompressionBombError as error:
            count = re.search(r"\d+", str(error))
            source.refuse_too_large(int(count[0]) if count else source.max_pixels + 1)
            raise InputError(
                f"'{source.name}' has more pixels than this process allows Pillow to decode "
                f"({_line(error)}): make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS."
            ) from error


@contextlib.contextmanager
def told(source: OpenFile) -> Iterator[DamagedError]:
    """Tells any error in the block as InputError.

    Yields:
        A place to note the format and size of the image as soon as they are known.

    Raises:
        DamagedError: For whatever a decoder raises.
        InputError: If memory runs out; those raised in the block pass unchanged.
    """
    found = DamagedError()
    try:
        yield found
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(
            f"'{source.name}' doesn't fit into memory: close other programs or make it smaller."
        ) from error
    # DamagedError files make decoders raise whatever they stumble over: OSError, SyntaxError,
    # struct.error, zlib.error, IndexError, OverflowError, ...
    except Exception as error:
        remedy = "download or copy it again"
        if found.format in MENDABLE:
            remedy += (
                ", or take what is left of it with --allow-truncated (allow_truncated=True in "
                "Python)"
            )
        damaged = DamagedError(f"'{source.name}' is cut off or damaged ({_line(error)}): {remedy}.")
        damaged.format, damaged.size = found.format, found.size
        raise damaged from error


def _refuse_raw(source: OpenFile, image: Image.Image) -> None:
    """Raises InputError for a camera's raw file, which is a TIFF that begins with a thumbnail."""
    tags = getattr(image, "tag_v2", None)
    if tags is not None and (
        source.head[8:10] == b"CR"
        or TIFF_DNG_VERSION in tags
        or (tags.get(TIFF_SUBFILE, 0) & REDUCED and TIFF_SUB_DIRECTORIES in tags)
    ):
        raise InputError(
            f"'{source.name}' is a camera's raw file with a thumbnail in front: develop it to JPEG "
            "or TIFF."
        )


def _misread(source: OpenFile, image: Image.Image) -> bool:
    """Whether a TIFF is one of those that Pillow opens and decodes to other pixels.

    Seen with Pillow 10.4 to 13: bytes of compressed 32-bit samples stay in the wrong order, planes
    of 16 bits are taken for such of 8, a fourth one that isn't alpha has no decoder, and signed
    bytes are taken for unsigned ones.
    """
    tags = getattr(image, "tag_v2", {})
    bits, planar = tags.get(TIFF_BITS, (1,))[0], tags.get(TIFF_PLANAR) == SEPARATE
    return bool(
        (image.mode in ("I", "F") and source.head[:2] == b"MM")
        or (planar and (bits == 16 or tags.get(TIFF_SAMPLES, 1) > 3))
        or (bits == 16 and tags.get(TIFF_EXTRA) == (0,))
        or (bits == 8 and tags.get(TIFF_FORMAT, (1,))[0] == SIGNED)
    )


def _line(error: Exception) -> str:
    """What an error says, in one line."""
    return printable(" ".join((str(error) or type(error).__name__).split()))


def _header_read(source: OpenFile) -> Image.Image:
    """Pillow's image, past Pillow's own limit if the caller asked for more than that."""
    from PIL import Image

    try:
        return Image.open(source.file)
    except Image.DecompressionBombError:
        if source.max_pixels <= MAX_PIXELS:
            raise
    source.file.seek(0)
    # Pillow keeps one limit for the whole process, so two that lift it have to take turns.
    with _pillow_limit:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = source.max_pixels
        try:
            return Image.open(source.file)
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _unidentified(source: OpenFile) -> str:
    """The rest of a sentence about a file that Pillow doesn't know."""
    head = source.head
    if head.startswith(TIFF_BEGINNINGS):
        order: Literal["little", "big"] = "little" if head[:1] == b"I" else "big"
        directory = int.from_bytes(head[4:8], order)
        if 43 not in head[2:4] and directory >= os.fstat(source.file.fileno()).st_size:
            return "is a TIFF whose end, with its directory, is cut off: download or copy it again"
        return (
            "is a TIFF or a camera's raw file with pixels that can't be decoded: save it as a "
            "TIFF or PNG with 8 bits a channel"
        )
    known = what_it_is(head)
    if known is None:
        return "is no image that Pillow can read, or its header is damaged: convert it to PNG"
    if known.startswith("is an AVIF image") and _reads_avif():
        return "is an AVIF image that is cut off or damaged: download or copy it again"
    return known


def _reads_avif() -> bool:
    from PIL import features

    return "avif" in features.get_supported()
