"""How large an image says it is, where Pillow would make room for it before it could be asked."""

from __future__ import annotations

import struct
from typing import BinaryIO

PNG_BEGINNING = b"\x89PNG\r\n\x1a\n"


def declared_sizes(file: BinaryIO, head: bytes) -> list[tuple[int, int]]:
    """The sizes of all pictures a decoder may unpack to show this file.

    Args:
        file: The file, left where it was.
        head: Its beginning.

    Returns:
        (width, height) pairs for PNG, GIF, BMP, WebP and ICO; empty for other formats, and where
        the header is too short.
    """
    try:
        if head.startswith(PNG_BEGINNING):
            return [struct.unpack_from(">II", head, 16)]
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return [struct.unpack_from("<HH", head, 6)]
        if head[:2] == b"BM":
            return [_bitmap(head[14:])]
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return [_webp(head)]
        if head[:4] == b"\0\0\1\0":
            return _icons(file, head)
    except struct.error:
        pass
    return []


def _bitmap(header: bytes) -> tuple[int, int]:
    if header[:4] == b"\x0c\0\0\0":
        return struct.unpack_from("<HH", header, 4)
    width, height = struct.unpack_from("<ii", header, 4)
    # Negative heights mean rows from top to bottom.
    return abs(width), abs(height)


def _webp(head: bytes) -> tuple[int, int]:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = head[24:27], head[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _icons(file: BinaryIO, head: bytes) -> list[tuple[int, int]]:
    """An icon's directory gives sizes up to 256, but its pictures have headers of their own."""
    (count,) = struct.unpack_from("<H", head, 4)
    sizes = []
    for entry in range(min(count, (len(head) - 6) // 16)):
        (offset,) = struct.unpack_from("<I", head, 6 + 16 * entry + 12)
        before = file.tell()
        file.seek(offset)
        inner = file.read(32)
        file.seek(before)
        if inner.startswith(PNG_BEGINNING):
            sizes.append(struct.unpack_from(">II", inner, 16))
        elif len(inner) >= 12:
            width, height = _bitmap(inner)
            # Colours and mask lie one above the other.
            sizes.append((width, height // 2))
    return sizes
