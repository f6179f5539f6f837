from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

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


def test_cold_parts_keep_the_photo_and_the_peak_has_alpha_of_its_colour() -> None:
    found = overlay(PHOTO, np.array([[0.0, 1.0, 0.0, 0.0]]), alpha=0.5)
    assert found[0, 0].tolist() == [100, 100, 100]
    peak = colorize(np.array(1.0), DEFAULT).astype(float)
    np.testing.assert_allclose(found[0, 1], 50 + peak / 2, atol=0.51)


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
