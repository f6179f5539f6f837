"""Image files made byte by byte, where no encoder writes what is wanted, and a card to put in."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

CARD = np.zeros((16, 24, 3), np.uint8)
CARD[:8, :12] = (250, 20, 30)
CARD[:8, 12:] = (10, 200, 40)
CARD[8:, :12] = (20, 30, 220)
CARD[8:, 12:] = (240, 240, 100)
RAMP = np.arange(0, 256, 17, dtype=np.uint8).reshape(2, 8)
ALPHA = np.full((16, 24), 255, np.uint8)
ALPHA[4:12, 6:18] = 0
ON_WHITE = np.where(ALPHA[..., None] == 0, 255, CARD)


def encoded(picture: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def card(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(CARD).convert(mode)


def clear_card() -> Image.Image:
    picture = card()
    picture.putalpha(Image.fromarray(ALPHA))
    return picture


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png(rows: np.ndarray, width: int, depth: int, colour: int, *chunks: bytes) -> bytes:
    """A PNG of packed rows of bytes."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    return b"".join(
        (
            *(b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *chunks),
            *(chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")),
        )
    )


def packed(samples: np.ndarray, bits: int) -> np.ndarray:
    """Samples of 1, 2, 4 or 12 bits, one after the other; rows begin at a whole byte."""
    ones = (samples[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(ones.reshape(len(samples), -1).astype(np.uint8), axis=1)


def tiff(samples: bytes, width: int, height: int, tags: dict[int, tuple[int, int]]) -> bytes:
    """A gray TIFF of one strip; tags are (type, value)."""
    every = {256: (3, width), 257: (3, height), 258: (3, 8), 259: (3, 1), 262: (3, 1)}
    every |= {273: (4, 8), 277: (3, 1), 278: (3, height), 279: (4, len(samples))} | tags
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value)
        for tag, (kind, value) in sorted(every.items())
    )
    directory = struct.pack("<H", len(every)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(samples)) + samples + directory


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A small ICC profile."""
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(content))
        body += content
    size = at + len(body)
    white = struct.pack(">iii", 0xF6D6, 0x10000, 0xD32D)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + white
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def point(x: float, y: float, z: float) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(each * 65536) for each in (x, y, z)))


GRAY_LINEAR = profile(b"GRAY", {b"wtpt": point(0.9642, 1, 0.8249), b"kTRC": gamma_curve(1.0)})
DISPLAY_P3 = profile(
    b"RGB ",
    {b"wtpt": point(0.9642, 1, 0.8249)}
    | {b"rXYZ": point(0.51512, 0.24120, -0.00105), b"gXYZ": point(0.29198, 0.69225, 0.04189)}
    | {b"bXYZ": point(0.15710, 0.06657, 0.78407)}
    | {name: gamma_curve(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")},
)


def srgb_of_light(light: np.ndarray) -> np.ndarray:
    low = light <= 0.0031308
    return np.rint(255 * np.where(low, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def gray(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(values)[..., None], 3, axis=-1)


def of_tifffile(samples: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


def xmp(orientation: int) -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    )


def exif(orientation: int) -> bytes:
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def frames(format_name: str, **options: object) -> bytes:
    later = Image.new("RGBA", (24, 16), (0, 0, 0, 255))
    options |= {"save_all": True, "append_images": [later], "duration": 100}
    return encoded(clear_card(), format_name, **options)


SAMPLES_12 = np.linspace(0, 4095, 16).astype(int).reshape(2, 8)
SAMPLES_16 = np.linspace(0, 65535, 16).astype(np.uint16).reshape(2, 8)
TURNED = np.rot90(CARD, -1)
INDICES = np.arange(16).reshape(2, 8)
PALETTE = np.random.default_rng(0).integers(0, 256, (16, 3), np.uint8)
PLTE = chunk(b"PLTE", PALETTE.tobytes())
CMYK = np.zeros((16, 24, 4), np.uint8)
CMYK[..., 0], CMYK[..., 3] = 255, 51
LAB = np.broadcast_to(np.array([60.0, 40.0, -50.0]), (16, 24, 3))
DEEP = np.stack([SAMPLES_16, SAMPLES_16[::-1], SAMPLES_16[:, ::-1]], axis=-1)
IN_8 = np.rint(SAMPLES_16 / 257)
