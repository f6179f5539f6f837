from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfviz.errors import InputError
from tfviz.image import MODES, place, to_input, to_photo
from tfviz.image.opencv import cv2

sides = st.integers(1, 90)
sizes = st.tuples(sides, sides)


def centre_of_mass(heat: np.ndarray) -> tuple[float, float]:
    heat = np.nan_to_num(heat)
    y, x = np.indices(heat.shape) + 0.5
    return float((y * heat).sum() / heat.sum()), float((x * heat).sum() / heat.sum())


def test_growing_a_map_is_bilinear_with_half_pixel_centres() -> None:
    heat = np.random.default_rng(0).random((7, 9), np.float32)
    expected = cv2().resize(heat, (333, 250), interpolation=cv2().INTER_LINEAR)
    found = to_photo(heat, place((250, 333), (224, 224), "stretch"))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_map_of_the_photos_size_comes_back_unchanged() -> None:
    heat = np.random.default_rng(0).random((20, 30), np.float32)
    found = to_photo(heat, place((20, 30), (224, 224), "stretch"))
    np.testing.assert_allclose(found, heat, atol=1e-6)


def test_a_large_photo_shows_no_steps() -> None:
    heat = np.array([[0.0, 1.0]], np.float32)
    row = to_photo(heat, place((1, 4000), (1, 224), "stretch"))[0]
    steps = np.diff(row[1000:3000])
    np.testing.assert_allclose(steps, 1 / 2000, rtol=1e-2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(480, 640), (640, 480), (90, 70), (1000, 400)])
def test_a_bright_square_comes_back_to_its_place(size: tuple[int, int], mode: str) -> None:
    height, width = size
    top, left = int(height * 0.42), int(width * 0.52)
    side = min(size) // 6
    photo = np.zeros((height, width, 3), np.uint8)
    photo[top : top + side, left : left + side] = 255
    plan = place(size, (96, 128), mode)
    seen = to_input(photo, plan)[..., 0]
    y, x, h, w = plan.area
    only = np.zeros_like(seen)
    only[y : y + h, x : x + w] = seen[y : y + h, x : x + w]
    found = centre_of_mass(to_photo(only, plan))
    assert abs(found[0] - (top + side / 2)) < 1 / plan.scale_y
    assert abs(found[1] - (left + side / 2)) < 1 / plan.scale_x


@pytest.mark.parametrize("mode", MODES)
def test_the_scale_says_where_the_square_lies_in_the_input(mode: str) -> None:
    photo = np.zeros((300, 500, 3), np.uint8)
    photo[100:140, 240:300] = 255
    plan = place((300, 500), (224, 224), mode)
    y, x, h, w = plan.area
    seen = to_input(photo, plan)[y : y + h, x : x + w, 0]
    found = centre_of_mass(seen)
    assert found[0] + y == pytest.approx(plan.scale_y * 120 + plan.offset_y, abs=0.02)
    assert found[1] + x == pytest.approx(plan.scale_x * 270 + plan.offset_x, abs=0.02)


def test_shrinking_does_not_alias() -> None:
    photo = np.zeros((1000, 1000, 3), np.uint8)
    photo[::2] = 255
    seen = to_input(photo, place((1000, 1000), (50, 2000), "stretch"))
    np.testing.assert_allclose(seen, 127.5, atol=0.51)


def test_letterbox_pads_with_the_middle_of_the_range() -> None:
    seen = to_input(np.zeros((10, 20, 3), np.uint8), place((10, 20), (8, 8), "letterbox"))
    assert seen[:2].tolist() == np.full((2, 8, 3), 127.5).tolist()
    assert seen[2:6].max() == 0


def test_what_a_crop_leaves_out_is_nan() -> None:
    found = to_photo(np.ones((7, 7)), place((100, 200), (224, 224), "crop"))
    assert np.isnan(found[:, :50]).all()
    assert np.isnan(found[:, 150:]).all()
    assert (found[:, 50:150] == 1).all()


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, sizes, st.sampled_from(MODES), st.integers(0, 2**31))
def test_any_sizes_work_and_values_stay_in_range(
    photo: tuple[int, int], target: tuple[int, int], cells: tuple[int, int], mode: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    plan = place(photo, target, mode)
    pixels = random.integers(0, 256, (*photo, 3), np.uint8)
    seen = to_input(pixels, plan)
    assert seen.shape == (*target, 3)
    assert seen.dtype == np.float32
    assert 0 <= seen.min() <= seen.max() <= 255
    heat = random.random(cells, np.float32)
    found = to_photo(heat, plan)
    assert found.shape == photo
    assert found.dtype == np.float32
    assert heat.min() <= np.nanmin(found) <= np.nanmax(found) <= heat.max()
    top, left, h, w = plan.window
    assert np.isfinite(found[top : top + h, left : left + w]).all()


@settings(max_examples=40, deadline=None)
@given(sizes, sizes, st.sampled_from(MODES))
def test_a_constant_photo_and_a_constant_map_stay_constant(
    photo: tuple[int, int], target: tuple[int, int], mode: str
) -> None:
    plan = place(photo, target, mode)
    y, x, h, w = plan.area
    seen = to_input(np.full((*photo, 3), 200, np.uint8), plan)
    np.testing.assert_allclose(seen[y : y + h, x : x + w], 200, rtol=1e-6)
    assert np.nanmin(to_photo(np.full((7, 7), 0.3), plan)) == np.float32(0.3)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1), (2, 70000)])
def test_extreme_photos_work(size: tuple[int, int], mode: str) -> None:
    plan = place(size, (224, 224), mode)
    assert to_input(np.full((*size, 3), 7, np.uint8), plan).shape == (224, 224, 3)
    assert np.nanmax(to_photo(np.ones((7, 7)), plan)) == 1


def test_an_unknown_mode_names_the_near_ones() -> None:
    with pytest.raises(InputError, match="Did you mean 'letterbox'"):
        place((4, 4), (2, 2), "leterbox")


def test_sizes_of_zero_are_refused() -> None:
    with pytest.raises(InputError, match="at least 1 pixel"):
        place((4, 0), (2, 2), "crop")


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(4, 5, 3\)"):
        to_input(np.zeros((5, 4, 3), np.uint8), place((4, 5), (2, 2), "crop"))


def test_a_map_with_nan_is_refused() -> None:
    with pytest.raises(InputError, match="1 of the map's 4 values"):
        to_photo(np.array([[0, 1], [2, np.nan]]), place((4, 5), (2, 2), "crop"))


def test_a_large_product_is_the_same_in_blocks() -> None:
    heat = np.random.default_rng(0).random((7, 7), np.float32)
    found = to_photo(heat, place((2000, 100), (224, 224), "stretch"))
    expected = cv2().resize(heat, (100, 2000), interpolation=cv2().INTER_LINEAR)
    np.testing.assert_allclose(found, expected, atol=1e-5)
