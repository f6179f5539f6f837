"""The numbers that judge maps, against slow twins and by what must hold for each."""

from __future__ import annotations

import math

import metrics as oracle
import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.explain.metrics import (
    confidence_drop,
    confidence_increase,
    energy_in_box,
    pointing_hit,
    seen_through,
)


@pytest.fixture
def scenes():
    """Signed maps with places that were never seen, each with a box."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(20):
        heat = random.normal(size=(9, 13))
        heat[:, :2] = np.nan
        inside = np.zeros((9, 13), bool)
        top, left = random.integers(0, 6), random.integers(0, 9)
        inside[top : top + 4, left : left + 5] = True
        found.append((heat, inside))
    return found


def test_hits_are_those_of_the_twin(scenes):
    ours = [pointing_hit(*each) for each in scenes]
    assert ours == [oracle.pointing_hit(*each) for each in scenes]
    assert 0 < sum(ours) < len(ours)


def test_tied_highest_places_share_the_hit():
    heat, inside = np.zeros((4, 5)), np.zeros((4, 5), bool)
    inside[1:3, 1:4] = True
    heat[1, 1] = heat[2, 2] = heat[0, 0] = 1
    assert pointing_hit(heat, inside) == pytest.approx(oracle.pointing_hit(heat, inside))
    assert pointing_hit(heat, inside) == pytest.approx(2 / 3)


def test_a_map_that_is_the_same_everywhere_hits_as_often_as_a_random_point(scenes):
    inside = scenes[0][1]
    assert pointing_hit(np.full(inside.shape, -3.0), inside) == inside.mean()


def test_what_was_never_seen_is_neither_highest_nor_inside():
    heat = np.array([[np.nan, 1.0, 0.0]])
    inside = np.array([[True, False, True]])
    assert pointing_hit(heat, inside) == 0
    assert energy_in_box(heat, inside) == 0


def test_the_highest_of_negative_values_is_the_highest():
    assert pointing_hit([[-2.0, -1.0]], [[False, True]]) == 1


def test_energy_is_that_of_the_twin(scenes):
    for each in scenes:
        assert energy_in_box(*each) == pytest.approx(oracle.energy_in_box(*each), abs=1e-15)


def test_energy_within_a_thing_and_around_it_add_up_to_one(scenes):
    for heat, inside in scenes:
        assert energy_in_box(heat, inside) + energy_in_box(heat, ~inside) == pytest.approx(1)


def test_neither_the_scale_of_a_map_nor_its_negative_values_change_its_energy(scenes):
    heat, inside = scenes[0]
    lower = np.where(heat < 0, heat - 7, heat)
    assert energy_in_box(1e-12 * lower, inside) == pytest.approx(energy_in_box(heat, inside))


def test_a_map_that_marks_nothing_has_no_energy_anywhere():
    inside = np.array([[True, False]])
    assert energy_in_box([[-1.0, 0.0]], inside) == energy_in_box([[-1.0, 0.0]], ~inside) == 0


def test_inputs_seen_through_maps_are_those_of_the_twin():
    random = np.random.default_rng(1)
    inputs, maps = random.normal(size=(3, 4, 5, 2)), random.normal(size=(3, 4, 5))
    maps[1] = -np.abs(maps[1])
    found = seen_through(inputs, maps, -1.0)
    np.testing.assert_allclose(found, oracle.seen_through(inputs, maps, -1.0), atol=1e-6)
    assert found.dtype == np.float32
    assert (found[1] == -1).all()  # a map without a positive value lets nothing through


def test_each_channel_fades_to_its_own_baseline():
    inputs = np.zeros((1, 1, 2, 3))
    found = seen_through(inputs, np.array([[[1.0, 0.0]]]), np.array([1.0, 2.0, 3.0]))
    assert found[0, 0].tolist() == [[0, 0, 0], [1, 2, 3]]


def test_a_map_that_marks_all_alike_changes_nothing():
    inputs = np.random.default_rng(2).normal(size=(2, 3, 3, 3)).astype(np.float32)
    assert (seen_through(inputs, np.full((2, 3, 3), 1e-20), -1.0) == inputs).all()


def test_the_mean_drop_and_increase_are_those_of_the_twin():
    random = np.random.default_rng(3)
    before, after = random.uniform(0.01, 1, 50), random.uniform(0, 1, 50)
    drop, increase = confidence_drop(before, after), confidence_increase(before, after)
    assert drop.mean() == pytest.approx(oracle.average_drop(before, after))
    assert increase.mean() == pytest.approx(oracle.increase_in_confidence(before, after))


def test_an_input_drops_or_rises_but_never_both():
    before, after = np.array([0.5, 0.5, 0.5]), np.array([0.25, 0.5, 0.75])
    assert confidence_drop(before, after).tolist() == [50, 0, 0]
    assert confidence_increase(before, after).tolist() == [0, 0, 100]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: pointing_hit(np.zeros((2, 3)), np.zeros((3, 2), bool)), r"\(2, 3\).*\(3, 2\)"),
        (lambda: energy_in_box(np.zeros((2, 2)), np.zeros((2, 2))), "float64 mask"),
        (lambda: pointing_hit([[math.nan]], [[True]]), "saw nothing"),
        (lambda: seen_through(np.zeros((1, 4, 4, 3)), np.zeros((1, 2, 2))), "as large as"),
        (lambda: seen_through(np.zeros((1, 1, 1, 3)), np.full((1, 1, 1), np.nan)), "never saw"),
        (lambda: confidence_drop([0.5], [0.5, 0.5]), r"\(1,\) probabilities before and \(2,\)"),
        (lambda: confidence_increase([0.5, 0.0], [0.5, 0.5]), "must be over 0"),
        (lambda: confidence_drop([-2.0], [1.0]), "in place of logits"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_received(call, said):
    with pytest.raises(InputError, match=said):
        call()
