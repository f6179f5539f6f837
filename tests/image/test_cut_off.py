"""Images that end too early: refused, or read as far as they go, whatever other threads do."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from odd_bytes import chunk
from PIL import Image, ImageFile

from tfviz.errors import InputError
from tfviz.image import check_header, read_rgb
from tfviz.image.mending import mended

OPTION = r"--allow-truncated \(allow_truncated=True in Python\)"


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Smooth and coloured, 96 x 64, no row like the next."""
    rows, columns = np.mgrid[:64, :96]
    channels = 40 + 2 * rows, 30 + 2 * columns, 128 + 60 * np.sin((rows + columns) / 9)
    noise = np.random.default_rng(0).integers(0, 12, (64, 96, 3))
    return Image.fromarray((np.stack(channels, axis=-1) + noise).astype(np.uint8))


def encoded(photo: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    format_name, _, detail = kind.partition(" ")
    options: dict[str, object] = {"quality": 95, "subsampling": 0} if format_name == "JPEG" else {}
    if detail == "progressive":
        options["progressive"] = True
    elif detail == "palette":
        photo = photo.quantize(32)
    elif detail:
        photo = photo.convert(detail)
    if format_name == "GIF":
        photo, options = photo.quantize(32), {"interlace": 0}
    photo.save(buffer, format_name, **options)
    return buffer.getvalue()


KINDS = ["JPEG", "JPEG progressive", "JPEG L", "JPEG CMYK", "PNG", "PNG RGBA", "PNG LA", "PNG L"]
KINDS += ["PNG palette", "PNG I;16", "GIF", "BMP", "TGA", "PPM", "TIFF", "WEBP"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_image_is_refused_with_the_remedy(
    tmp_path: Path, photo: Image.Image, kind: str
) -> None:
    data = encoded(photo.convert("L") if kind == "PNG I;16" else photo, kind)
    (tmp_path / "a").write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(InputError, match=OPTION):
        read_rgb(tmp_path / "a")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_decoded(tmp_path: Path, photo: Image.Image, kind: str) -> None:
    data = encoded(photo.convert("L") if kind == "PNG I;16" else photo, kind)
    (tmp_path / "a").write_bytes(data)
    whole = read_rgb(tmp_path / "a")
    (tmp_path / "a").write_bytes(data[: len(data) * 6 // 10])
    notes: list[str] = []
    part = read_rgb(tmp_path / "a", allow_truncated=True, notes=notes)
    assert notes[0].startswith("it is cut off or damaged")
    assert part.shape == whole.shape
    assert check_header(tmp_path / "a", allow_truncated=True) == whole.shape[:2]
    # BMP and TGA begin with the lowest row.
    there = slice(-24, None) if kind in ("BMP", "TGA") else slice(8 if kind == "WEBP" else 24)
    most = 40 if "progressive" in kind else 0
    assert np.abs(part[there].astype(int) - whole[there]).max() <= most


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PNG RGBA", "PNG L", "PNG LA", "PPM", "TIFF"])
def test_what_is_missing_is_gray(tmp_path: Path, photo: Image.Image, kind: str) -> None:
    data = encoded(photo, kind)
    (tmp_path / "a").write_bytes(data[: len(data) // 2])
    below = read_rgb(tmp_path / "a", allow_truncated=True)[-16:]
    assert np.abs(below.astype(int) - 128).max() <= 1


def outcome(read: Callable[[], tuple[int, ...]]) -> tuple[int, ...] | str:
    try:
        return read()
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("kind", [*KINDS, "PNG 1", "TIFF L"])
def test_every_cut_is_a_picture_or_a_reason(tmp_path: Path, photo: Image.Image, kind: str) -> None:
    small = photo.resize((24, 16))
    data = encoded(small.convert("L") if kind == "PNG I;16" else small, kind)
    path = tmp_path / "a"
    for end in range(1, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:end])
        found = {
            outcome(lambda: read_rgb(path, allow_truncated=True).shape[:2]),
            outcome(lambda: check_header(path, allow_truncated=True)),
        }
        said = {each for each in found if isinstance(each, str)}
        assert found - said <= {(16, 24)}
        assert all("\n" not in each and "allow" not in each for each in said)


@pytest.mark.parametrize("kind", ["PNG", "PNG palette", "PNG 1", "PNG LA"])
def test_a_png_that_lacks_nothing_but_its_end_is_whole(
    tmp_path: Path, photo: Image.Image, kind: str
) -> None:
    data = encoded(photo, kind)
    (tmp_path / "whole").write_bytes(data)
    (tmp_path / "cut").write_bytes(data[:-12])
    np.testing.assert_array_equal(
        read_rgb(tmp_path / "cut", allow_truncated=True), read_rgb(tmp_path / "whole")
    )


def test_an_interlaced_png_keeps_its_first_passes(tmp_path: Path) -> None:
    rows = np.arange(64, dtype=np.uint8).reshape(8, 8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
    raw = b"".join(
        b"\0" + row.tobytes()
        for left, top, across, down in [*passes, (0, 1, 1, 2)]
        for row in rows[top::down, left::across]
    )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1))
    stored = zlib.compress(raw, 0)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", stored))
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.png", allow_truncated=True)[..., 0], rows)
    cut = stored[: len(stored) - 4 - 4 * 9]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", cut))
    shown = read_rgb(tmp_path / "a.png", allow_truncated=True)[..., 0]
    np.testing.assert_array_equal(shown[::2], rows[::2])
    assert (shown[1::2] == 128).all()


def test_damage_in_the_middle_of_a_png_leaves_what_is_before(
    tmp_path: Path, photo: Image.Image
) -> None:
    data = bytearray(encoded(photo, "PNG"))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match=OPTION):
        read_rgb(tmp_path / "a.png")
    part = read_rgb(tmp_path / "a.png", allow_truncated=True)
    np.testing.assert_array_equal(part[:24], np.asarray(photo)[:24])


def test_where_nothing_is_left_the_remedy_is_not_offered_again(shared: Path) -> None:
    path = shared / "odd_images" / "truncated_header_only.jpg"
    for allowed in (False, True):
        with pytest.raises(InputError, match="cut off or damaged") as caught:
            read_rgb(path, allow_truncated=allowed)
        assert "allow" not in str(caught.value)


def test_the_real_cut_off_files_are_read_in_part(shared: Path) -> None:
    odd = shared / "odd_images"
    whole = read_rgb(odd / "png_named.jpg")
    half = read_rgb(odd / "truncated_half.jpg", allow_truncated=True)
    assert np.abs(half[:120].astype(int) - whole[:120]).mean() < 3
    assert (half[-100:] == half[-1, -1]).all()
    np.testing.assert_array_equal(
        read_rgb(odd / "truncated_end_chunk.png", allow_truncated=True),
        read_rgb(odd / "hopper.png"),
    )
    for name in ("truncated_jpeg.jpg", "broken_data_stream.png"):
        assert read_rgb(odd / name, allow_truncated=True).std() > 10


def test_threads_that_allow_it_and_threads_that_do_not_keep_apart(
    tmp_path: Path, photo: Image.Image
) -> None:
    data = encoded(photo, "JPEG")
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: len(data) // 2])
    wrong: list[str] = []

    def lenient() -> None:
        for _ in range(100):
            if read_rgb(path, allow_truncated=True).shape != (64, 96, 3):
                wrong.append("shape")
            if ImageFile.LOAD_TRUNCATED_IMAGES:
                wrong.append("switched")

    def strict() -> None:
        for _ in range(100):
            try:
                read_rgb(path)
            except InputError:
                continue
            wrong.append("read")

    threads = [threading.Thread(target=each) for each in (lenient, strict, lenient, strict)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_a_size_that_was_made_up_makes_no_room_for_itself() -> None:
    webp = b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(40)
    assert mended(webp, "WEBP", (10, 10)) is None
