from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tfviz.errors import InputError, OutputError
from tfviz.image import read_rgb, write_array, write_image


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)


def test_a_png_with_any_name_comes_back_exactly(tmp_path: Path, picture: np.ndarray) -> None:
    write_image(tmp_path / "名前 ü.PNG", picture)
    np.testing.assert_array_equal(read_rgb(tmp_path / "名前 ü.PNG"), picture)


def test_a_jpeg_keeps_the_colour_of_single_pixels(tmp_path: Path) -> None:
    checks = np.zeros((32, 32, 3), np.uint8)
    checks[(np.indices((32, 32)).sum(0) % 2) == 0] = (255, 0, 0)
    write_image(tmp_path / "a.jpg", checks)
    assert np.abs(read_rgb(tmp_path / "a.jpg").astype(int) - checks).mean() < 4


def test_a_lower_quality_is_smaller(tmp_path: Path, picture: np.ndarray) -> None:
    write_image(tmp_path / "a.jpg", picture, quality=95)
    write_image(tmp_path / "b.jpg", picture, quality=30)
    assert (tmp_path / "b.jpg").stat().st_size < (tmp_path / "a.jpg").stat().st_size / 2


def test_other_suffixes_are_refused(tmp_path: Path, picture: np.ndarray) -> None:
    with pytest.raises(OutputError, match=r"'\.xyz' is no suffix"):
        write_image(tmp_path / "a.xyz", picture)


def test_a_jpeg_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="write a PNG"):
        write_image(tmp_path / "a.jpg", np.zeros((1, 65501, 3), np.uint8))


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="float64"):
        write_image(tmp_path / "a.png", np.zeros((2, 2, 3)))


def test_an_array_comes_back_exactly(tmp_path: Path) -> None:
    array = np.array([[1.5, np.nan]], np.float32)
    write_array(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), array)


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Python objects"):
        write_array(tmp_path / "a.npy", np.array([{}]))
