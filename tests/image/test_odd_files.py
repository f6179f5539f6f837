"""Odd image files: each with the picture that has to come out."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odd_bytes import (
    CARD,
    CMYK,
    DEEP,
    DISPLAY_P3,
    GRAY_LINEAR,
    IN_8,
    INDICES,
    LAB,
    ON_WHITE,
    PALETTE,
    PLTE,
    RAMP,
    SAMPLES_12,
    SAMPLES_16,
    TURNED,
    card,
    chunk,
    clear_card,
    encoded,
    exif,
    frames,
    gray,
    of_tifffile,
    packed,
    png,
    srgb_of_light,
    tiff,
    xmp,
)
from PIL import Image, ImageCms, features
from skimage.color import lab2rgb

from tfviz.image import check_header, read_rgb

AVIF = "avif" in features.get_supported()

# name: (the file, the picture, how far off a channel may be)
PICTURES: dict[str, tuple[Callable[[], bytes], np.ndarray, float]] = {
    "gray of 1 bit": (lambda: png(packed(INDICES % 2, 1), 8, 1, 0), gray(INDICES % 2 * 255), 0),
    "gray of 2 bits": (lambda: png(packed(INDICES % 4, 2), 8, 2, 0), gray(INDICES % 4 * 85), 0),
    "gray of 4 bits": (lambda: png(packed(INDICES, 4), 8, 4, 0), gray(RAMP), 0),
    "palette of 1 bit": (
        lambda: png(packed(INDICES % 2, 1), 8, 1, 3, PLTE),
        PALETTE[INDICES % 2],
        0,
    ),
    "palette of 2 bits": (
        lambda: png(packed(INDICES % 4, 2), 8, 2, 3, PLTE),
        PALETTE[INDICES % 4],
        0,
    ),
    "palette of 4 bits": (lambda: png(packed(INDICES, 4), 8, 4, 3, PLTE), PALETTE[INDICES], 0),
    "palette with alphas": (
        lambda: png(packed(INDICES, 4), 8, 4, 3, PLTE, chunk(b"tRNS", b"\0\x80")),
        np.where(
            INDICES[..., None] == 0,
            255,
            np.where(INDICES[..., None] == 1, (PALETTE[INDICES] + 255.0) / 2, PALETTE[INDICES]),
        ),
        1,
    ),
    "transparent gray of 2 bits": (
        lambda: png(packed(INDICES % 4, 2), 8, 2, 0, chunk(b"tRNS", b"\0\1")),
        gray(np.where(INDICES % 4 == 1, 255, INDICES % 4 * 85)),
        0,
    ),
    "transparent gray": (
        lambda: png(RAMP, 8, 8, 0, chunk(b"tRNS", struct.pack(">H", 34))),
        gray(np.where(RAMP == 34, 255, RAMP)),
        0,
    ),
    "transparent colour": (
        lambda: png(
            CARD.reshape(16, -1), 24, 8, 2, chunk(b"tRNS", struct.pack(">3H", 20, 30, 220))
        ),
        np.where((CARD == (20, 30, 220)).all(-1, keepdims=True), 255, CARD),
        0,
    ),
    "transparent colour of 16 bits": (
        lambda: png(
            (CARD.astype(">u2") * 257).reshape(16, -1),
            24,
            16,
            2,
            chunk(b"tRNS", struct.pack(">3H", 20 * 257, 30 * 257, 220 * 257)),
        ),
        np.where((CARD == (20, 30, 220)).all(-1, keepdims=True), 255, CARD),
        0,
    ),
    "16-bit gray": (lambda: png(SAMPLES_16.astype(">u2"), 8, 16, 0), gray(IN_8), 0),
    "16-bit gray with alpha": (
        lambda: png(
            np.stack([SAMPLES_16, np.where(INDICES > 7, 65535, 0)], -1)
            .astype(">u2")
            .reshape(2, -1),
            8,
            16,
            4,
        ),
        gray(np.where(INDICES > 7, SAMPLES_16 / 257, 255)),
        1,
    ),
    "16-bit colour": (
        lambda: png(DEEP.astype(">u2").reshape(2, -1), 8, 16, 2),
        DEEP / 257,
        1,
    ),
    "16-bit colour with alpha": (
        lambda: png(
            np.dstack([DEEP, np.full((2, 8), 65535)]).astype(">u2").reshape(2, -1), 8, 16, 6
        ),
        DEEP / 257,
        1,
    ),
    "16-bit colour TIFF": (lambda: of_tifffile(DEEP, photometric="rgb"), DEEP / 257, 1),
    "16-bit big-endian TIFF": (
        lambda: of_tifffile(SAMPLES_16, photometric="minisblack", byteorder=">"),
        gray(IN_8),
        0,
    ),
    "BigTIFF": (lambda: of_tifffile(SAMPLES_16, bigtiff=True), gray(IN_8), 0),
    "12-bit TIFF": (
        lambda: tiff(packed(SAMPLES_12, 12).tobytes(), 8, 2, {258: (3, 12)}),
        gray(np.rint(SAMPLES_12 * 255 / 4095)),
        0,
    ),
    "16-bit TIFF where white is zero": (
        lambda: of_tifffile(65535 - SAMPLES_16, photometric="miniswhite"),
        gray(IN_8),
        0,
    ),
    "8-bit TIFF where white is zero": (
        lambda: of_tifffile(255 - RAMP, photometric="miniswhite"),
        gray(RAMP),
        0,
    ),
    "gray TIFF of 4 bits": (
        lambda: tiff(packed(INDICES, 4).tobytes(), 8, 2, {258: (3, 4)}),
        gray(RAMP),
        0,
    ),
    "gray TIFF of 1 bit": (
        lambda: tiff(packed(INDICES % 2, 1).tobytes(), 8, 2, {258: (3, 1)}),
        gray(INDICES % 2 * 255),
        0,
    ),
    "int32 TIFF": (
        lambda: of_tifffile(INDICES.astype(np.int32) * 1000 - 7000),
        gray(RAMP),
        0,
    ),
    "uint32 TIFF": (
        lambda: of_tifffile(INDICES.astype(np.uint32) * 0x11111111),
        gray(RAMP),
        0,
    ),
    "int16 TIFF": (lambda: of_tifffile(INDICES.astype(np.int16) * 10 - 70), gray(RAMP), 0),
    "float32 TIFF between 0 and 1": (
        lambda: of_tifffile(np.full((2, 8), 0.2, np.float32)),
        gray(np.full((2, 8), 51)),
        0,
    ),
    "float32 colour TIFF": (
        lambda: of_tifffile((CARD / 255).astype(np.float32), photometric="rgb"),
        CARD,
        0,
    ),
    "float64 colour TIFF": (lambda: of_tifffile(CARD / 255, photometric="rgb"), CARD, 0),
    "float32 colour TIFF, turned": (
        lambda: of_tifffile(
            (CARD / 255).astype(np.float32), photometric="rgb", extratags=[(274, 3, 1, 6, True)]
        ),
        TURNED,
        0,
    ),
    "planar TIFF": (
        lambda: of_tifffile(CARD.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        CARD,
        0,
    ),
    "tiled TIFF": (lambda: of_tifffile(CARD, photometric="rgb", tile=(16, 16)), CARD, 0),
    "LZW TIFF": (lambda: encoded(card(), "TIFF", compression="tiff_lzw"), CARD, 0),
    "JPEG in TIFF": (lambda: encoded(card(), "TIFF", compression="jpeg", quality=98), CARD, 8),
    "CMYK TIFF": (
        lambda: encoded(Image.fromarray(CMYK, "CMYK"), "TIFF"),
        np.broadcast_to([0, 204, 204], CARD.shape),
        0,
    ),
    "CMYK JPEG": (
        lambda: encoded(Image.fromarray(CMYK, "CMYK"), "JPEG", quality=98),
        np.broadcast_to([0, 204, 204], CARD.shape),
        3,
    ),
    "CMYK JPEG with a profile for RGB": (
        lambda: encoded(Image.fromarray(CMYK, "CMYK"), "JPEG", quality=98, icc_profile=DISPLAY_P3),
        np.broadcast_to([0, 204, 204], CARD.shape),
        3,
    ),
    "LAB TIFF": (
        lambda: of_tifffile(
            np.stack([LAB[..., 0] * 255 / 100, LAB[..., 1], LAB[..., 2]], -1)
            .round()
            .astype(np.int16)
            .astype(np.uint8),
            photometric="cielab",
        ),
        255 * lab2rgb(LAB),
        25,
    ),
    "YCbCr JPEG 4:4:4": (lambda: encoded(card(), "JPEG", quality=98, subsampling=0), CARD, 6),
    "progressive JPEG": (
        lambda: encoded(card(), "JPEG", quality=98, subsampling=0, progressive=True),
        CARD,
        6,
    ),
    "JPEG with rubbish behind it": (
        lambda: encoded(card(), "JPEG", quality=98, subsampling=0) + b"rubbish" * 99,
        CARD,
        6,
    ),
    "PNG with rubbish behind it": (lambda: encoded(card(), "PNG") + bytes(999), CARD, 0),
    "JPEG 2000": (lambda: encoded(card(), "JPEG2000"), CARD, 0),
    "lossless WebP": (lambda: encoded(card(), "WEBP", lossless=True), CARD, 0),
    "WebP with alpha": (lambda: encoded(clear_card(), "WEBP", lossless=True), ON_WHITE, 0),
    "animated WebP": (lambda: frames("WEBP", lossless=True), ON_WHITE, 0),
    "animated PNG": (lambda: frames("PNG"), ON_WHITE, 0),
    "animated GIF": (lambda: frames("GIF"), ON_WHITE, 0),
    "MPO": (
        lambda: encoded(
            card(), "MPO", save_all=True, append_images=[card()], quality=98, subsampling=0
        ),
        CARD,
        20,
    ),
    "icon": (
        lambda: encoded(clear_card().resize((48, 32), 0), "ICO", sizes=[(48, 32), (24, 16)]),
        ON_WHITE.repeat(2, 0).repeat(2, 1),
        0,
    ),
    "bottom-up BMP": (lambda: encoded(card(), "BMP"), CARD, 0),
    "PPM in letters": (
        lambda: b"P3 2 1 255\n255 0 9 1 2 3\n",
        np.array([[[255, 0, 9], [1, 2, 3]]]),
        0,
    ),
    "PGM of 10 bits": (
        lambda: b"P5 2 1 1023\n" + struct.pack(">2H", 1023, 512),
        gray([[255, 128]]),
        1,
    ),
    "PBM": (lambda: b"P1 2 1\n0 1\n", gray([[255, 0]]), 0),
    "orientation in XMP alone, PNG": (
        lambda: png(
            CARD.reshape(16, -1),
            24,
            8,
            2,
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6).encode()),
        ),
        TURNED,
        0,
    ),
    "EXIF orientation before that of XMP": (
        lambda: png(
            CARD.reshape(16, -1),
            24,
            8,
            2,
            chunk(b"eXIf", exif(1).removeprefix(b"Exif\0\0")),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6).encode()),
        ),
        CARD,
        0,
    ),
    "orientation 9": (lambda: encoded(card(), "PNG", exif=exif(9)), CARD, 0),
    "Display P3": (
        lambda: encoded(Image.new("RGB", (4, 4), (234, 51, 35)), "PNG", icc_profile=DISPLAY_P3),
        np.broadcast_to([255, 0, 0], (4, 4, 3)),
        12,
    ),
    "linear gray by its profile": (
        lambda: encoded(Image.fromarray(RAMP), "PNG", icc_profile=GRAY_LINEAR),
        gray(srgb_of_light(RAMP / 255)),
        2,
    ),
    "linear gray with alpha by its profile": (
        lambda: encoded(Image.fromarray(RAMP).convert("LA"), "PNG", icc_profile=GRAY_LINEAR),
        gray(srgb_of_light(RAMP / 255)),
        2,
    ),
    "linear 16-bit gray by its profile": (
        lambda: png(
            SAMPLES_16.astype(">u2"),
            8,
            16,
            0,
            chunk(b"iCCP", b"g\0\0" + zlib.compress(GRAY_LINEAR)),
        ),
        gray(srgb_of_light(SAMPLES_16 / 65535)),
        4,
    ),
    "profile for gray on colour": (
        lambda: encoded(card(), "PNG", icc_profile=GRAY_LINEAR),
        CARD,
        0,
    ),
    "linear by its gamma": (
        lambda: png(RAMP, 8, 8, 0, chunk(b"gAMA", struct.pack(">I", 100_000))),
        gray(srgb_of_light(RAMP / 255)),
        0,
    ),
    "gamma of sRGB": (
        lambda: png(RAMP, 8, 8, 0, chunk(b"gAMA", struct.pack(">I", 45_455))),
        gray(RAMP),
        0,
    ),
    "text that unpacks to 64 MB": (
        lambda: png(
            CARD.reshape(16, -1), 24, 8, 2, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26)))
        ),
        CARD,
        0,
    ),
    "16 bits of which 12 are used": (
        lambda: of_tifffile(SAMPLES_12.astype(np.uint16)),
        gray(np.rint(SAMPLES_12 / 257)),
        0,
    ),
}
if AVIF:
    PICTURES["AVIF"] = (lambda: encoded(card(), "AVIF", quality=100, subsampling="4:4:4"), CARD, 6)
    PICTURES["animated AVIF"] = (
        lambda: frames("AVIF", quality=100, subsampling="4:4:4"),
        ON_WHITE,
        12,
    )
    PICTURES["turned AVIF"] = (
        lambda: encoded(card(), "AVIF", quality=100, subsampling="4:4:4", exif=exif(6)),
        TURNED,
        6,
    )


@pytest.mark.parametrize("kind", PICTURES)
def test_an_odd_picture_is_right(tmp_path: Path, kind: str) -> None:
    data, expected, most = PICTURES[kind]
    path = tmp_path / "a.jpg"
    path.write_bytes(data())
    shown = read_rgb(path)
    assert shown.dtype == np.uint8
    assert shown.flags.writeable
    assert shown.flags.c_contiguous
    assert shown.shape == expected.shape
    assert np.abs(shown - expected.astype(float)).max() <= most
    if kind != "orientation in XMP alone, PNG":
        assert check_header(path) == expected.shape[:2]


def notes_of(tmp_path: Path, data: bytes) -> list[str]:
    notes: list[str] = []
    (tmp_path / "a").write_bytes(data)
    read_rgb(tmp_path / "a", notes=notes)
    return notes


def test_an_ordinary_picture_needs_no_notes(tmp_path: Path) -> None:
    assert notes_of(tmp_path, encoded(card(), "JPEG")) == []


def test_16_bits_of_which_12_are_used_are_told(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, of_tifffile(SAMPLES_12.astype(np.uint16)))
    assert note.startswith("its 16-bit values reach 4095 of 65535 only, so it is dark")
    assert note.endswith("12 bits, multiply them by 16")


def test_the_range_of_measured_values_is_told(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, of_tifffile(np.array([[-3.0, 5.5]], np.float32)))
    assert note == "its float32 values are shown with -3 as black and 5.5 as white"


def test_transparent_parts_are_told(tmp_path: Path) -> None:
    assert notes_of(tmp_path, encoded(clear_card(), "PNG")) == [
        "its transparent parts lie on white"
    ]


def test_the_gray_profile_made_here_is_one() -> None:
    assert ImageCms.ImageCmsProfile(io.BytesIO(GRAY_LINEAR)).profile.xcolor_space.strip() == "GRAY"


def test_a_profile_that_is_ignored_is_told(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, encoded(card(), "PNG", icc_profile=GRAY_LINEAR))
    assert note == "its ICC profile is damaged or made for other pixels, and was ignored"


def test_inks_without_a_profile_are_told(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, encoded(Image.fromarray(CMYK, "CMYK"), "JPEG"))
    assert note == "its CMYK colours have no profile, so they are approximate"
