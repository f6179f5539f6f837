from __future__ import annotations

import logging
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from tfviz.errors import InputError
from tfviz.image import check_header, read_rgb
from tfviz.image.opening import opened_file, opened_image
from tfviz.image.quiet import quiet_pillow

AVIF = "avif" in features.get_supported()
needs_avif = pytest.mark.skipif(not AVIF, reason="this Pillow reads no AVIF")


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.fixture
def odd(shared: Path) -> Path:
    return shared / "odd_images"


def test_every_odd_file_is_a_picture_or_an_input_error(odd: Path) -> None:
    refused = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in sorted(each for each in odd.iterdir() if "LICENSE" not in each.name):
            try:
                picture = read_rgb(path)
            except InputError:
                refused.add(path.name)
            else:
                assert picture.dtype == np.uint8
                assert picture.shape == (*check_header(path), 3)
    if not AVIF:
        refused -= {"avif_hopper.avif", "photo.avif"}
    assert refused == {
        "bomb_20000x20000_gray.png",
        "broken_data_stream.png",
        "decompression_bomb.ico",
        "html_named.jpg",
        "huge_header_60000x60000.png",
        "text_named.png",
        "truncated_end_chunk.png",
        "truncated_half.jpg",
        "truncated_header_only.jpg",
        "truncated_jpeg.jpg",
        "zero_byte.jpg",
        "zero_width.gif",
    }


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("hopper.gif", 10),
        pytest.param("avif_hopper.avif", 6, marks=needs_avif),
        ("hopper_idat_after_image_end.png", 0),
        ("hopper_orientation_6.jpg", 6),
        ("hopper_palette_chunk_second.fli", 10),
    ],
)
def test_the_same_portrait_in_other_formats_has_the_same_colours(
    odd: Path, name: str, most: float
) -> None:
    assert difference(read_rgb(odd / name), read_rgb(odd / "hopper.png")) <= most


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("UPPER.JPEG", 3),
        ("cmyk.jpg", 3),
        ("exif_orient6.jpg", 3),
        ("palette.png", 20),
        pytest.param("photo.avif", 5, marks=needs_avif),
        ("rgb16.png", 1),
        ("unicode-名前 with space.jpg", 3),
    ],
)
def test_the_same_photo_in_other_formats_has_the_same_colours(
    odd: Path, name: str, most: float
) -> None:
    assert difference(read_rgb(odd / name), read_rgb(odd / "png_named.jpg")) <= most


@pytest.mark.parametrize("name", ["gray16.png", "gray_alpha.png", "gray.jpg"])
def test_gray_photos_have_the_luma_of_the_coloured_one(odd: Path, name: str) -> None:
    luma = read_rgb(odd / "png_named.jpg") @ np.array([0.299, 0.587, 0.114])
    assert difference(read_rgb(odd / name)[..., 1], luma) < 2


def test_16_bits_are_scaled_not_clipped(odd: Path) -> None:
    luma = read_rgb(odd / "hopper.png") @ np.array([0.299, 0.587, 0.114])
    assert difference(read_rgb(odd / "hopper_16bit.pgm")[..., 0], luma) < 2


def test_rotated_portraits_are_the_same_upright_picture(odd: Path) -> None:
    upright = read_rgb(odd / "Portrait_1.jpg")
    assert upright.shape == (1800, 1200, 3)
    for name in ("Portrait_6.jpg", "Portrait_8.jpg"):
        # Only the number printed on the picture differs.
        assert difference(read_rgb(odd / name), upright) < 6


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_undone(tmp_path: Path, orientation: int, suffix: str) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :16] = 255
    upright[:16, 32:] = 128
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif)
    assert check_header(path) == (32, 48)
    assert difference(read_rgb(path), upright) < 2


def test_transparent_parts_lie_on_white(tmp_path: Path) -> None:
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png").tolist() == [[[255, 0, 0], [255] * 3, [127] * 3]]


def test_16_bit_gray_keeps_white_white(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 257, 32768, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[0, :, 0].tolist() == [0, 1, 128, 255]


def test_floats_are_scaled_by_their_own_range(tmp_path: Path) -> None:
    Image.fromarray(np.array([[-1.0, 0.0, 3.0]], np.float32)).save(tmp_path / "a.tif")
    assert read_rgb(tmp_path / "a.tif")[0, :, 0].tolist() == [0, 64, 255]


def test_floats_that_are_not_finite_are_counted(tmp_path: Path) -> None:
    Image.fromarray(np.array([[1.0, np.nan, np.inf]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(InputError, match="2 pixels that are NaN or infinite, out of 3"):
        read_rgb(tmp_path / "a.tif")


def test_a_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 6500)).tobytes()
    picture = Image.new("RGB", (2, 2), (200, 40, 90))
    picture.save(tmp_path / "wrong.png", icc_profile=lab)
    assert read_rgb(tmp_path / "wrong.png")[0, 0].tolist() == [200, 40, 90]
    picture.save(tmp_path / "broken.png", icc_profile=b"no profile")
    assert read_rgb(tmp_path / "broken.png")[0, 0].tolist() == [200, 40, 90]


def test_a_profile_with_swapped_primaries_swaps_the_colours(tmp_path: Path) -> None:
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = (srgb.index(each, 128) for each in (b"rXYZ", b"gXYZ"))
    srgb[red : red + 4], srgb[green : green + 4] = b"gXYZ", b"rXYZ"
    Image.new("RGB", (2, 2), (255, 0, 0)).save(tmp_path / "a.png", icc_profile=bytes(srgb))
    assert read_rgb(tmp_path / "a.png")[0, 0].tolist() == [0, 255, 0]


def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_rgb(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (bytes(2000), "nothing but zeros"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"<?xml version='1.0'?><svg></svg>", "is an SVG drawing"),
        (
            b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
            "HEIC photo.*run `pip install pillow-heif`|cut off or damaged",
        ),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "is a video"),
        (b"\x1aE\xdf\xa3" + bytes(99), "is a video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "is a video"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"version https://git-lfs.github.com/spec/v1", "run `git lfs pull`"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "is an HDF5 file"),
        ("Übung\n".encode(), "is a text file"),
        (bytes(range(256)), "no image that Pillow can read"),
    ],
)
def test_what_is_no_image_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(data)
    for read in (read_rgb, check_header):
        with pytest.raises(InputError, match=words):
            read(tmp_path / "photo.jpg")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_rgb(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="is a folder"):
        read_rgb(tmp_path)
    with pytest.raises(InputError, match="can't open"):
        read_rgb("\0")


def test_the_pixel_limit_can_be_lowered_and_raised(odd: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(InputError, match=r"16,384 pixels, more than the limit of 16,383"):
        read_rgb(odd / "hopper.png", max_pixels=128 * 128 - 1)
    assert check_header(odd / "bomb_20000x20000_gray.png", max_pixels=10**9) == (20000, 20000)
    assert before == Image.MAX_IMAGE_PIXELS


def test_the_array_belongs_to_the_caller(odd: Path) -> None:
    picture = read_rgb(odd / "hopper.png")
    picture[:] = 0
    assert picture.flags.c_contiguous


def test_warning_filters_are_as_before_after_overlapping_threads() -> None:
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with quiet_pillow():
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(5)
    with quiet_pillow():
        leave.set()
        thread.join()
        assert len(warnings.filters) == len(before) + 1
    assert list(warnings.filters) == before


def test_what_pillow_logs_reaches_the_handlers_of_the_user_and_no_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("PIL.TiffImagePlugin")
    before = list(logging.getLogger("PIL").handlers)
    with quiet_pillow():
        assert any(
            isinstance(each, logging.NullHandler) for each in logging.getLogger("PIL").handlers
        )
        logger.warning("odd")
    assert "odd" in caplog.text
    assert logging.getLogger("PIL").handlers == before


def test_raising_the_pixel_limit_lets_threads_decode_side_by_side(odd: Path) -> None:
    with opened_file(odd / "bomb_20000x20000_gray.png", 10**9) as source, opened_image(source):
        reader = threading.Thread(
            target=check_header,
            args=(odd / "bomb_20000x20000_gray.png",),
            kwargs={"max_pixels": 10**9},
        )
        reader.start()
        reader.join(5)
        assert not reader.is_alive()
