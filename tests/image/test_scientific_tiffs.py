"""TIFF files of every kind of number and arrangement, against the values they were written from."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tfviz.errors import InputError
from tfviz.image import check_header, read_rgb

VALUES = np.random.default_rng(0).random((20, 28, 4))
# Each channel reaches both ends, so that its own range is the whole one.
VALUES[0, 0], VALUES[0, 1] = 0, 1
NUMBERS = [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64]
NUMBERS += [np.float16, np.float32, np.float64]
KINDS = ["gray", "white is zero", "rgb", "rgb with alpha", "rgb and one more"]


def in_numbers(values: np.ndarray, kind: type) -> np.ndarray:
    if np.issubdtype(kind, np.floating):
        return values.astype(kind)
    # Half the range of 64 bits, which floats can't tell from the whole.
    low, high = float(np.iinfo(kind).min), float(np.iinfo(kind).max)
    if np.iinfo(kind).bits == 64:
        low, high = low / 2, high / 2
    return (low + values * (high - low)).astype(kind)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_arrangement_shows_what_was_written(tmp_path: Path, number: type, kind: str) -> None:
    if kind == "rgb with alpha" and (
        np.issubdtype(number, np.signedinteger) or number is np.uint64
    ):
        pytest.skip("a share can't be negative")
    values = VALUES[..., 0] if kind in KINDS[:2] else VALUES[..., : 3 if kind == "rgb" else 4]
    expected = values
    options: dict[str, object] = {"photometric": "rgb" if "rgb" in kind else "minisblack"}
    if kind == "white is zero":
        options["photometric"], expected = "miniswhite", 1 - values
    elif kind == "rgb with alpha":
        options["extrasamples"] = ["unassalpha"]
        expected = values[..., :3] * values[..., 3:] + 1 - values[..., 3:]
    elif kind == "rgb and one more":
        options["extrasamples"], expected = ["unspecified"], values[..., :3]
    if expected.ndim == 2:
        expected = np.repeat(expected[..., np.newaxis], 3, axis=-1)
    for order, packed, planar in itertools.product("<>", (None, "zlib"), (False, True)):
        if planar and "rgb" not in kind:
            continue
        stored = in_numbers(values, number)
        if "rgb" in kind:
            options["planarconfig"] = "separate" if planar else "contig"
        tifffile.imwrite(
            tmp_path / "a.tif",
            stored.transpose(2, 0, 1) if planar else stored,
            byteorder=order,
            compression=packed,
            **options,
        )
        shown = read_rgb(tmp_path / "a.tif")
        assert check_header(tmp_path / "a.tif") == (20, 28)
        assert shown.flags.c_contiguous
        assert np.abs(shown - 255 * expected).max() < 2.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pixels_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((4, 6, 3), np.float32)
    upright[:2, :2], upright[:2, 4:] = 1, 0.2
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
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.ascontiguousarray(stored),
        photometric="rgb",
        extratags=[(274, 3, 1, orientation, True)],
    )
    assert check_header(tmp_path / "a.tif") == (4, 6)
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tif"), np.rint(upright * 255))


def test_a_deep_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((60, 70, 3), np.float32), photometric="rgb")
    for read in (read_rgb, check_header):
        with pytest.raises(InputError, match="4,200 pixels, more than the limit of 4,199"):
            read(tmp_path / "a.tif", max_pixels=4199)


def test_deep_pixels_that_end_too_early_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((60, 70, 3), np.float32), photometric="rgb")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[:-5000])
    for allowed in (False, True):
        with pytest.raises(InputError, match="cut off or damaged"):
            read_rgb(tmp_path / "a.tif", allow_truncated=allowed)


def test_a_stack_of_slices_is_refused_or_shows_its_first(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).random((3, 8, 9))
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack")
    expected = np.rint(stack[0] * 255)
    np.testing.assert_array_equal(read_rgb(tmp_path / "a.tif")[..., 0], expected)


def test_a_way_of_packing_that_needs_another_library_is_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", VALUES[..., :3].astype(np.float32), photometric="rgb")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    # Compression 1, none, becomes Zstandard.
    at = data.index(b"\x03\x01\x03\x00\x01\x00\x00\x00\x01\x00")
    data[at + 8 : at + 10] = (50000).to_bytes(2, "little")
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(InputError, match=r"float32 pixels are packed.*pip install imagecodecs"):
        read_rgb(tmp_path / "a.tif")
