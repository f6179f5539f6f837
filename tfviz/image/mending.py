"""What is left of an image file that was cut off, as a file that decoders take for a whole one.

Pillow has a switch for this, `ImageFile.LOAD_TRUNCATED_IMAGES`, but one for the whole process: on
another thread, a file that should be refused would be read. Here it is the file that gets an end.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

JPEG_END = b"\xff\xd9"
# Within the data of a scan, FF 00 is a byte of it, FF D0 to FF D7 restart it, FF FF is filling.
JPEG_NEXT_SEGMENT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
JPEG_START_OF_SCAN = 0xDA

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"
# What the pixels mean; text, times and later frames are of no use to a picture in part.
PNG_KEPT = (b"PLTE", b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf")
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PNG_GRAY = 128
# (first column, first row, step of columns, step of rows), in the order they are stored
ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8)),
    *((2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
# Inflating stops at the first wrong byte and drops what it had of the piece it was given.
PIECE = 1024

GIF_TRAILER = b";"

PLAIN = ("BMP", "DIB", "PPM", "TGA", "TIFF")
"""Formats whose pixels may lie in the file one after the other, as they are."""

MENDABLE = ("JPEG", "MPO", "PNG", "GIF", "WEBP", *PLAIN)
"""Pillow's names of the formats that can be read in part."""


def mended(data: bytes, format_name: str | None, size: tuple[int, int]) -> bytes | None:
    """Gives a cut-off image file an end.

    Args:
        data: The whole file, as far as there is one.
        format_name: Pillow's name of the format.
        size: (width, height) as the header says.

    Returns:
        A file that can be decoded, the missing part gray, of one colour or, in WebP, smeared from
        what is there; None if nothing can be saved: no pixels are left, or the format is all or
        nothing, as AVIF is.
    """
    if format_name in ("JPEG", "MPO"):
        return _mended_jpeg(data)
    if format_name == "PNG":
        return _mended_png(data)
    if format_name == "GIF":
        return _mended_gif(data, size)
    if format_name == "WEBP":
        return _mended_webp(data, size)
    if format_name in PLAIN:
        return data + bytes([PNG_GRAY]) * (8 * (size[0] + 4) * size[1] + 1024)
    return None


def _mended_jpeg(data: bytes) -> bytes | None:
    """Ends the image where the last whole segment or scan ends."""
    position, scans = 2, 0
    while True:
        start = data.find(b"\xff", position)
        while start >= 0 and data[start + 1 : start + 2] == b"\xff":
            start += 1
        if start < 0 or start + 4 > len(data) or data[start : start + 2] == JPEG_END:
            break
        end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if end > len(data):
            break
        position = end
        if data[start + 1] == JPEG_START_OF_SCAN:
            scans += 1
            found = JPEG_NEXT_SEGMENT.search(data, end)
            if found is None:
                return data + JPEG_END
            position = found.start()
    return data[:position] + JPEG_END if scans else None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """(name, content, whether it is whole and undamaged) of each chunk."""
    position = len(PNG_BEGINNING)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + length]
        position += 8 + length
        checksum = data[position : position + 4]
        yield name, content, checksum == struct.pack(">I", zlib.crc32(name + content))
        position += 4


def without_text(data: bytes) -> bytes:
    """A PNG file without its text, which isn't needed to see it and may unpack to gigabytes."""
    kept = (b"IHDR", *PNG_KEPT, b"IDAT", b"IEND")
    chunks = [_png_chunk(name, content) for name, content, sound in _png_chunks(data) if sound]
    return PNG_BEGINNING + b"".join(each for each in chunks if each[4:8] in kept)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def _mended_png(data: bytes) -> bytes | None:
    """Keeps the rows that can be inflated, fills up the others and packs all of them anew."""
    header, kept, packed = b"", [], []
    for name, content, sound in _png_chunks(data):
        if name == b"IHDR" and not header and sound:
            header = content
        elif name == b"IDAT":
            packed.append(content)
        elif name == b"IEND":
            break
        elif name in PNG_KEPT and sound:
            kept.append(_png_chunk(name, content))
    if len(header) != 13 or header[9] not in PNG_CHANNELS or header[8] not in (1, 2, 4, 8, 16):
        return None
    rows = _png_rows(header)
    room = sum(length * count for length, count in rows)
    found = _sound(_inflated(b"".join(packed), room), rows)
    if not found:
        return None
    pixels = _png_chunk(b"IDAT", zlib.compress(_filled(found, rows, header), 1))
    return b"".join(
        (PNG_BEGINNING, _png_chunk(b"IHDR", header), *kept, pixels, _png_chunk(b"IEND", b""))
    )


def _png_rows(header: bytes) -> list[tuple[int, int]]:
    """(bytes of a row, number of rows) of each pass; the byte that names the filter is counted."""
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    bits = depth * PNG_CHANNELS[colour]
    passes = []
    for left, top, across, down in ADAM7 if header[12] else ((0, 0, 1, 1),):
        columns = max(0, -((left - width) // across))
        rows = max(0, -((top - height) // down))
        if columns and rows:
            passes.append((1 + (columns * bits + 7) // 8, rows))
    return passes


def _inflated(packed: bytes, room: int) -> bytearray:
    """What can be unpacked before the data end or the first error; never more than there is room.

    The checksum at the end of the data may be wrong or absent.
    """
    inflate, found = zlib.decompressobj(), bytearray()

    def more(piece: bytes) -> None:
        found.extend(inflate.decompress(piece, room - len(found)))

    for start in range(0, len(packed), PIECE):
        if len(found) >= room or inflate.eof:
            break
        piece, before = packed[start : start + PIECE], inflate.copy()
        try:
            more(piece)
        except zlib.error:
            inflate = before
            try:
                for each in piece:
                    if len(found) >= room:
                        break
                    more(bytes([each]))
            except zlib.error:
                pass
            break
    return found


def _sound(found: bytearray, rows: list[tuple[int, int]]) -> bytearray:
    """The rows up to the first that begins with a filter there isn't.

    Inflating may go on for a while behind the byte that is wrong.
    """
    end = 0
    for length, count in rows:
        start, end = end, end + length * count
        wrong = re.search(rb"[^\0-\4]", found[start:end:length])
        if wrong is not None:
            return found[: start + wrong.start() * length]
    return found


def _filled(found: bytearray, rows: list[tuple[int, int]], header: bytes) -> bytearray:
    """The rows with the missing ones in gray."""
    depth, colour = header[8], header[9]
    sample = bytes([PNG_GRAY]) * (depth // 8)
    if colour == 3 or depth < 8:
        pixel = b"\0"
    else:
        opaque = bytes([255]) * (depth // 8) if colour in (4, 6) else b""
        pixel = sample * (3 if colour in (2, 6) else 1) + opaque
    end = 0
    for length, count in rows:
        start, end = end, end + length * count
        if len(found) < end:
            if len(found) > start:
                # The rest of a row that was begun: as its filter predicts it.
                found.extend(bytes(-(len(found) - start) % length))
            gray = b"\0" + pixel * ((length - 1) // len(pixel))
            found.extend(gray * ((end - len(found)) // length))
    return found


def _mended_gif(data: bytes, size: tuple[int, int]) -> bytes | None:
    """Goes on with code 0, the palette's first colour, for as many codes as there are pixels.

    A code has at most 12 bits, so it doesn't matter where among them the data end.
    """
    position = 13 + _palette_bytes(data[10:11])
    while data[position : position + 1] == b"!":
        position, _ = _past_blocks(data, position + 2)
    if data[position : position + 1] != b"," or position + 12 > len(data):
        return None
    position += 10 + _palette_bytes(data[position + 9 : position + 10]) + 1
    if position >= len(data):
        return None
    end, missing = _past_blocks(data, position)
    if not missing and end <= len(data):
        return data[:end] + GIF_TRAILER
    codes = bytes((size[0] * size[1] * 12 + 7) // 8)
    blocks = [b"\xff" + codes[at : at + 255].ljust(255, b"\0") for at in range(0, len(codes), 255)]
    return b"".join((data, bytes(missing), *blocks, b"\0", GIF_TRAILER))


def _mended_webp(data: bytes, size: tuple[int, int]) -> bytes | None:
    """Fills a lossy picture up with zeros, which mean: go on as before.

    In a lossless one they mean other colours.
    """
    missing = 8 + int.from_bytes(data[4:8], "little") - len(data)
    sensible = 0 < missing <= 4 * size[0] * size[1] + 4096
    lossy = b"VP8 " in data and b"VP8L" not in data
    return data + bytes(missing) if sensible and lossy else None


def _palette_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _past_blocks(data: bytes, position: int) -> tuple[int, int]:
    """Where a run of blocks ends, and how many bytes its last one lacks."""
    while position < len(data):
        length = data[position]
        position += 1 + length
        if length == 0:
            return position, 0
        if position > len(data):
            return position, position - len(data)
    return len(data) + 1, 0
