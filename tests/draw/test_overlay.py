from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from seeing import VISION, lab_seen, overlay_by_formula

from tfviz.draw import DEFAULT, DIVERGING, colorize, normalize, overlay
from tfviz.draw.colormaps import UNSEEN
from tfviz.errors import InputError

PHOTO = np.full((1, 4, 3), 100, np.uint8)


def test_a_blank_map_stays_blank() -> None:
    values, low, high = normalize(np.zeros((2, 2), np.float32))
    assert values.tolist() == [[0, 0], [0, 0]]
    assert (low, high) == (0, 0)


def test_the_smallest_float_is_divided_without_overflow() -> None:
    tiny = np.float32(1e-45)
    assert normalize(np.array([0, tiny], np.float32))[0].tolist() == [0, 1]
    assert normalize(np.array([-tiny, tiny], np.float32))[0].tolist() == [0, 1]


def test_a_map_that_is_all_negative_lies_below_the_middle() -> None:
    values, low, high = normalize(np.array([-4.0, -2.0]))
    assert values.tolist() == [0, 0.25]
    assert (low, high) == (-4, 4)


def test_nan_stays_marked_and_does_not_count() -> None:
    values, _, high = normalize(np.array([np.nan, 1.0, 2.0]))
    assert np.isnan(values[0])
    assert values[1:].tolist() == [0.5, 1]
    assert high == 2


def test_a_map_of_nothing_but_nan_is_blank() -> None:
    values, low, high = normalize(np.full((2, 2), np.nan))
    assert np.isnan(values).all()
    assert (low, high) == (0, 0)


def test_infinite_values_are_refused() -> None:
    with pytest.raises(InputError, match="1 of the map's 2 values"):
        normalize(np.array([1.0, np.inf]))


floats = st.floats(-(2.0**127), 2.0**127, width=32)


@given(arrays(np.float32, array_shapes(max_dims=2, max_side=5), elements=floats))
def test_scaled_values_lie_in_0_to_1_and_zero_has_its_place(heat: np.ndarray) -> None:
    values, low, high = normalize(heat)
    assert values.min() >= 0
    assert values.max() <= 1
    assert (low < 0) == (heat.min() < 0)
    if high > 0:
        assert (values[heat == 0] == (0.5 if low < 0 else 0)).all()


def test_cold_parts_keep_the_photo_and_the_peak_has_the_colour_at_full_strength() -> None:
    found = overlay(PHOTO, np.array([[0.0, 1.0, 0.0, 0.0]]), alpha=1)
    assert found[0, 0].tolist() == [100, 100, 100]
    np.testing.assert_array_equal(found[0, 1], colorize(np.array(1.0), DEFAULT))


def test_without_strength_there_is_only_the_photo() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    np.testing.assert_array_equal(overlay(photo, np.ones((30, 40)), alpha=0), photo)


def some_map(kind: str) -> np.ndarray:
    """Smooth, 97 x 120, with all values between its ends."""
    down, right = np.mgrid[0:97, 0:120] / 15
    heat = np.sin(down) * np.cos(right) + 0.3 * np.sin(right * down / 4)
    if kind == "signed":
        return heat
    heat = np.maximum(heat, 0)
    if kind == "cropped":
        heat[:, :20] = np.nan
    return heat


@pytest.mark.parametrize("alpha", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("kind", ["positive", "signed", "cropped"])
@pytest.mark.parametrize("light", ["night", "day"])
def test_an_overlay_is_that_of_the_formula_to_one_of_255(
    kind: str, alpha: float, light: str
) -> None:
    most = 60 if light == "night" else 256
    photo = np.random.default_rng(0).integers(0, most, (97, 120, 3), np.uint8)
    heat = some_map(kind)
    values = normalize(heat)[0]
    signed = kind == "signed"
    colours = colorize(values, DIVERGING if signed else DEFAULT)
    exact = overlay_by_formula(photo, values.astype(np.float64), colours, alpha, signed)
    found = overlay(photo, heat, alpha=alpha).astype(np.float64)
    assert np.abs(found - np.rint(exact)).max() <= 1


UNIFORM = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "blue": (0, 0, 255),
    "gray": (128, 128, 128),
}


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("colour", UNIFORM)
def test_the_peak_stands_out_from_any_photo_for_any_eye(colour: str, vision: str) -> None:
    photo = np.full((1, 3, 3), UNIFORM[colour], np.uint8)
    # Two Lab colours 2 apart are told apart side by side; 25 is seen at a glance.
    seen = lab_seen(overlay(photo, np.array([[0.0, 1.0, 0.0]])), vision)
    assert np.linalg.norm(seen[0, 1] - seen[0, 0]) >= 25


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("colour", UNIFORM)
def test_both_signs_stand_out_from_any_photo_and_from_each_other(colour: str, vision: str) -> None:
    photo = np.full((1, 3, 3), UNIFORM[colour], np.uint8)
    zero, above, below = lab_seen(overlay(photo, np.array([[0.0, 1.0, -1.0]])), vision)[0]
    assert np.linalg.norm(above - zero) >= 15
    assert np.linalg.norm(below - zero) >= 15
    assert np.linalg.norm(above - below) >= 15


def test_a_colour_means_the_same_on_every_photo() -> None:
    hot = [
        overlay(np.full((1, 2, 3), colour, np.uint8), np.array([[0.0, 0.8]]))[0, 1].tolist()
        for colour in UNIFORM.values()
    ]
    assert np.ptp(hot, axis=0).max() <= 1


def test_a_night_scene_keeps_its_detail_under_the_peak() -> None:
    photo = np.full((20, 20, 3), 10, np.uint8)
    photo[::2] = 40
    found = overlay(photo, np.ones((20, 20))).astype(float)
    assert (found[0] - found[1]).mean() >= 20


def test_the_photo_under_the_peak_keeps_its_order_of_brightness() -> None:
    steps = np.arange(256, dtype=np.uint8)
    photo = np.repeat(steps[np.newaxis, :, np.newaxis], 3, axis=-1)
    found = overlay(photo, np.ones((1, 256))).astype(int)
    assert (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 20_000)])
def test_a_photo_of_any_proportions_is_drawn_on(size: tuple[int, int]) -> None:
    found = overlay(np.full((*size, 3), 100, np.uint8), np.ones(size))
    assert found.shape == (*size, 3)
    assert (found == found[0, 0]).all()


def test_a_photo_may_be_a_view_in_reverse_order() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    heat = np.random.default_rng(1).random((50, 60))
    np.testing.assert_array_equal(
        overlay(photo[::-1, :, ::-1], heat), overlay(photo[::-1, :, ::-1].copy(), heat)
    )


def test_a_blank_map_leaves_the_photo_unchanged() -> None:
    np.testing.assert_array_equal(overlay(PHOTO, np.zeros((1, 4))), PHOTO)


def test_a_signed_map_is_transparent_at_zero_and_diverges() -> None:
    found = overlay(PHOTO, np.array([[-1.0, 0.0, 1.0, 0.0]]), alpha=1.0)
    np.testing.assert_array_equal(found[0, :3:2], colorize(np.array([0.0, 1.0]), DIVERGING))
    assert found[0, 1].tolist() == [100, 100, 100]
    assert found[0, 0, 2] > found[0, 0, 0]
    assert found[0, 2, 0] > found[0, 2, 2]


def test_what_the_model_did_not_see_is_gray_and_lighter() -> None:
    photo = np.full((1, 2, 3), (200, 50, 20), np.uint8)
    unseen = overlay(photo, np.array([[np.nan, 0.0]]))[0, 0]
    assert len(set(unseen.tolist())) == 1
    assert unseen[0] > 91


def test_the_photo_is_not_changed() -> None:
    photo = PHOTO.copy()
    overlay(photo, np.ones((1, 4)))
    np.testing.assert_array_equal(photo, PHOTO)


def test_a_map_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"\(7, 7\).*to_photo"):
        overlay(PHOTO, np.zeros((7, 7)))


def test_alpha_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"alpha is 50"):
        overlay(PHOTO, np.zeros((1, 4)), alpha=50)


def test_an_unknown_colour_map_names_the_near_ones() -> None:
    with pytest.raises(InputError, match=r"Did you mean .*'viridis'"):
        colorize(np.zeros(3), "virdis")


def test_values_out_of_range_get_the_nearer_end_and_nan_its_own_colour() -> None:
    found = colorize(np.array([-1.0, 2.0, np.nan, 1e30]), "gray").tolist()
    assert found == [[0] * 3, [255] * 3, list(UNSEEN), [255] * 3]


def test_the_table_cannot_be_changed_by_a_caller() -> None:
    colorize(np.zeros(2))[:] = 0
    assert colorize(np.zeros(1)).tolist() == [[13, 8, 135]]


def test_strips_leave_no_seams() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    heat = np.random.default_rng(1).random((300, 400))
    whole = overlay(photo, heat)
    transposed = overlay(photo.transpose(1, 0, 2).copy(), heat.T.copy()).transpose(1, 0, 2)
    np.testing.assert_array_equal(whole, transposed)
