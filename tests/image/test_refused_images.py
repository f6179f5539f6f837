"""What is refused as no image, with the reason in one line and before anything large is made."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tfviz.errors import InputError
from tfviz.files.naming import printable
from tfviz.image import check_header, read_rgb

CARD = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def encoded(format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(CARD).save(buffer, format_name, **options)
    return buffer.getvalue()


def refusal(path: str | Path, **options: int) -> str:
    """The one sentence with which both readers refuse a file."""
    said = set()
    for read in (read_rgb, check_header):
        with pytest.raises(InputError) as caught:
            read(path, **options)
        said.add(str(caught.value))
    (sentence,) = said
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "a")
    return buffer.getvalue()


def array_file() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, CARD)
    return buffer.getvalue()


def raw_photo() -> bytes:
    """A TIFF whose first picture is a thumbnail of one in a directory below, as NEF and ARW are."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(CARD[::2, ::2], photometric="rgb", subfiletype=1, subifds=1)
        file.write(CARD, photometric="rgb")
    return buffer.getvalue()


def dng() -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, CARD, photometric="rgb", extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"image": null}', "is a text file"),
        (b"a,b\n1,2\n", "is a text file"),
        (b"\xef\xbb\xbf<html>", "is a web page"),
        (zipped(), "is a ZIP archive: unpack it"),
        (array_file(), "is a NumPy array"),
        (b"\x00\x00\x00\x20ftypqt  ", "is a video"),
        (b"\x00\x00\x00\x20ftypmp42", "is a video"),
        (b"\x00\x00\x10\x00moov", "is a video"),
        (b"\x00\x00\x01\xba" + bytes(9), "is a video"),
        (b"0&\xb2u\x8ef\xcf\x11", "is a video"),
        (b"RIFF\x10\x00\x00\x00AVI LIST", "is a video"),
        (b"\x1aE\xdf\xa3" + bytes(20), "is a video"),
        (b"\x00\x00\x00\x18ftypcrx ", "is a camera's raw file"),
        (b"FUJIFILMCCD-RAW 0201", "is a camera's raw file"),
        (raw_photo(), "is a camera's raw file with a thumbnail in front: develop it"),
        (dng(), "is a camera's raw file with a thumbnail in front: develop it"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "is a JPEG XL image"),
        (bytes(128) + b"DICM" + bytes(99), "is a DICOM file"),
        (b"v/1\x01\x02\x00\x00\x00", "is an OpenEXR image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript document"),
        (b"II*\0\xff\xff\0\0", "is a TIFF whose end, with its directory, is cut off"),
        (encoded("PNG")[:16] + bytes(4) + encoded("PNG")[20:], "says that it is 0 x 20 pixels"),
        (b"GIF89a\0\0\5\0" + bytes(20), "says that it is 0 x 5 pixels"),
        (encoded("BMP")[:22] + bytes(4) + encoded("BMP")[26:], "says that it is 30 x 0 pixels"),
        (encoded("PNG")[:20], "is cut off or damaged"),
        (b"GIF87a\5", "no image that Pillow can read, or its header is damaged"),
        (encoded("JPEG")[:100], "is cut off or damaged"),
    ],
)
def test_what_can_not_be_shown_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(data)
    assert words in refusal(tmp_path / "photo.jpg")


def declared(width: int, height: int) -> dict[str, bytes]:
    """Small files that say they are of this size, in formats with room for it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ihdr = (
        struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    png = b"\x89PNG\r\n\x1a\n" + ihdr + encoded("PNG")[33:]
    bmp = bytearray(encoded("BMP"))
    bmp[18:26] = struct.pack("<ii", width, height)
    jpeg = bytearray(encoded("JPEG"))
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg[frame : frame + 4] = struct.pack(">HH", height, width)
    jpeg2000 = bytearray(encoded("JPEG2000"))
    size = jpeg2000.index(b"\xff\x51") + 6
    jpeg2000[size : size + 8] = struct.pack(">II", width, height)
    box = jpeg2000.index(b"ihdr") + 4
    jpeg2000[box : box + 8] = struct.pack(">II", height, width)
    gif = bytearray(encoded("GIF"))
    gif[6:10] = struct.pack("<HH", width, height)
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    webp += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    webp += encoded("WEBP")[12:]
    tiff = bytearray(encoded("TIFF"))
    for tag, value in ((256, width), (257, height)):
        at = tiff.index(struct.pack("<HH", tag, 3)) if struct.pack("<HH", tag, 3) in tiff else -1
        at = at if at >= 0 else tiff.index(struct.pack("<HH", tag, 4))
        tiff[at + 2 : at + 12] = struct.pack("<HII", 4, 1, value)
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 32, 32, 0, 0, 1, 32, len(png), 22) + png
    lossless = b"VP8L" + struct.pack("<I", 5) + b"\x2f"
    lossless += struct.pack("<I", (width - 1) & 0x3FFF | ((height - 1) & 0x3FFF) << 14)
    return {
        "PNG": png,
        "BMP": bytes(bmp),
        "JPEG": bytes(jpeg),
        "JPEG 2000": bytes(jpeg2000),
        "GIF": bytes(gif),
        "WebP": b"RIFF" + struct.pack("<I", 4 + len(webp)) + b"WEBP" + webp,
        "lossless WebP": b"RIFF" + struct.pack("<I", 17) + b"WEBP" + lossless,
        "TIFF": bytes(tiff),
        "icon of a PNG": icon,
        "PPM": b"P6 %d %d 255\n" % (width, height),
        "TGA": bytes([0, 0, 2] + [0] * 9)
        + struct.pack("<HH", width, height)
        + b"\x18\0"
        + bytes(99),
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3) + bytes(40),
    }


@pytest.mark.parametrize("kind", declared(16000, 16000))
def test_a_bomb_is_refused_before_room_is_made_for_it(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(declared(16000, 16000)[kind])
    tracemalloc.start()
    try:
        sentence = refusal(tmp_path / "a")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "256,000,000 pixels, more than the limit of 178,956,970" in sentence
    assert "--max-pixels" in sentence
    assert peak < 20_000_000


@pytest.mark.parametrize("kind", declared(400, 300))
def test_a_lower_limit_holds_in_every_format(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(declared(400, 300)[kind])
    assert "120,000 pixels, more than the limit of 119,999" in refusal(
        tmp_path / "a", max_pixels=119_999
    )


@pytest.mark.parametrize(
    "name", ["猫 кот γάτα قط 🐈.jpg", "two\nlines.jpg", "\udcff\udc80.jpg", "a\u2028b"]
)
def test_any_name_is_read_and_can_be_printed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    try:
        path.write_bytes(encoded("PNG"))
    except OSError:
        pytest.skip("this file system doesn't take such names")
    np.testing.assert_array_equal(read_rgb(path), CARD)
    path.write_bytes(b"")
    sentence = refusal(path)
    sentence.encode("utf-8")
    assert printable(name) in sentence
    path.unlink()
    assert "no such file" in refusal(path)


def test_bytes_are_a_path_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    np.testing.assert_array_equal(read_rgb(os.fsencode(tmp_path / "a.png")), CARD)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert "is no ordinary file" in refusal(tmp_path / "a.jpg")
    assert "is no ordinary file" in refusal(os.devnull)


def test_a_folder_and_a_broken_link_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").mkdir()
    assert "is a folder" in refusal(tmp_path / "x.jpg")
    (tmp_path / "y.jpg").symlink_to(tmp_path / "gone.jpg")
    assert "no such file" in refusal(tmp_path / "y.jpg")
    (tmp_path / "z.jpg").symlink_to(tmp_path / "z.jpg")
    assert "can't open" in refusal(tmp_path / "z.jpg")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded("JPEG"))
    (tmp_path / "a.jpg").chmod(0)
    assert "no permission to read" in refusal(tmp_path / "a.jpg")
