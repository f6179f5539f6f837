"""Gradient descent on curves, held against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.descents.functions import CURVES
from tfviz.learn.descents.lesson import descent
from tfviz.learn.descents.plane import cut, ticks

SLOPES = {
    "square": lambda x: 2 * x,
    "quartic": lambda x: 4 * x**3,
    "wells": lambda x: 4 * x**3 - 4 * x + 0.25,
    "waves": lambda x: x / 5 + 3 * np.cos(3 * x),
    "abs": np.sign,
}


def test_on_the_square_each_step_multiplies_by_one_minus_twice_the_rate() -> None:
    found = descent("square", rates=[0.01, 0.1, 0.3, 0.5, 1.0, 1.1], start=2.0, steps=30)
    for walk in found.walks:
        expected = 2.0 * (1 - 2 * walk.rate) ** np.arange(31)
        np.testing.assert_allclose(walk.x, expected, rtol=1e-12, atol=1e-300)


def test_at_a_half_one_step_is_enough_and_at_one_it_bounces_for_ever() -> None:
    half, one = descent("square", rates=[0.5, 1.0]).walks
    assert half.x[1] == 0.0
    assert half.arrived == 1
    np.testing.assert_array_equal(np.abs(one.x), 2.0)
    assert one.verdict == "bounces for ever"


def test_too_small_creeps_right_arrives_and_too_large_diverges() -> None:
    found = {each.rate: each for each in descent("square").walks}
    assert found[0.01].verdict.startswith("creeps, 30%")  # 0.98^60
    # 0.8^(2k) falls below a thousandth at k = 16.
    assert found[0.1].arrived == 16
    assert found[1.1].verdict == "diverges"


@pytest.mark.parametrize("name", list(CURVES))
def test_the_tapes_slope_is_the_derivative_worked_out_by_hand(name) -> None:
    walk = descent(name, steps=10, rates=[CURVES[name].rates[1]]).walks[0]
    np.testing.assert_allclose(walk.slope, SLOPES[name](walk.x), rtol=1e-12)
    np.testing.assert_allclose(walk.x[1:], walk.x[:-1] - walk.rate * walk.slope[:-1], rtol=1e-12)


@pytest.mark.parametrize("name", list(CURVES))
def test_the_minimum_is_the_lowest_of_a_fine_grid(name) -> None:
    curve = CURVES[name]
    x = np.linspace(*curve.window, 200_001)
    lowest = curve.function(x)
    assert float(np.min(lowest)) == pytest.approx(curve.minimum, abs=1e-8)


def test_which_well_it_ends_in_depends_on_the_rate() -> None:
    small, large = descent("wells", rates=[0.02, 0.13], steps=60).walks
    assert small.x[-1] == pytest.approx(0.96715, abs=1e-3)
    assert small.verdict == "settles in another minimum"
    assert large.x[-1] == pytest.approx(-1.02990, abs=1e-3)
    assert large.verdict.startswith("arrives")


def test_files_carry_the_numbers_also_of_a_walk_that_overflows(tmp_path) -> None:
    found = descent("quartic", rates=[0.25, 0.6])
    paths = found.save(tmp_path, ("png", "html", "json"))
    assert len(paths) == 3
    walks = found.to_dict()["walks"]
    assert walks[0]["x"][:2] == [1.0, 0.0]
    assert walks[1]["verdict"] == "diverges"
    assert "nan" in walks[1]["x"]


def test_zigzag_is_what_happens_on_the_way_and_not_at_the_bottom() -> None:
    # 1 - 2·0.9 = -0.8: from side to side all along. The second creeps down one side of the well
    # and jitters only where it already is.
    assert descent("square", rates=[0.9]).walks[0].verdict == "arrives in 16 steps, zigzag"
    down = descent("wells", rates=[0.13], start=-0.2).walks[0]
    there = np.diff(down.x)[: down.arrived]
    assert not (there[1:] * there[:-1] < 0)[:-1].any()
    assert down.verdict == f"arrives in {down.arrived} steps"


def test_a_walk_that_overflows_is_held_to_its_closed_form_as_far_as_there_are_numbers() -> None:
    told = str(descent("square", rates=[1e9], steps=40))
    assert "nan" not in told.splitlines()[-1]
    assert "at most" in told


@pytest.mark.parametrize("name", list(CURVES))
def test_text_fits_eighty_columns_whatever_becomes_of_the_walk(name) -> None:
    for start in (None, 0.0, 1e6):
        found = descent(name, start=start, rates=[1e-5, 0.02, 0.9, 12345.0], steps=20)
        assert max(map(len, str(found).splitlines())) <= 80


def test_each_step_of_the_page_tells_its_arithmetic() -> None:
    page = descent("square", rates=[0.1]).page()
    assert "x ← 2 - 0.1 · 4 = 1.6" in page
    assert page.count("<section") == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"function": "sqare"}, "Did you mean 'square'"),
        ({"rates": [0.0]}, "positive"),
        ({"rates": []}, "positive"),
        ({"start": float("inf")}, "give a number"),
        ({"start": 1e200}, "too far away"),
        ({"rates": [float("nan")]}, "positive"),
        ({"steps": 2}, "whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(arguments, said) -> None:
    with pytest.raises(InputError, match=said):
        descent(**arguments)


def test_the_command_prints_what_becomes_of_each_rate(tfviz_cli, tmp_path) -> None:
    said = tfviz_cli("learn", "descent", "--rate", "0.1", "--rate", "1.1", "--out", tmp_path)
    assert said.code == 0
    assert "arrives in 16 steps" in said.out
    assert "diverges" in said.out
    assert max(map(len, said.out.split("Wrote")[0].splitlines())) <= 80
    assert (tmp_path / "descent-rate-0.1-1.1.html").exists()


def test_lines_are_cut_at_the_edge_of_the_picture() -> None:
    assert cut((-1.0, 0.5), (2.0, 0.5), ((0, 1), (0, 1))) == ((0.0, 0.5), (1.0, 0.5))
    assert cut((-1.0, 2.0), (2.0, 2.0), ((0, 1), (0, 1))) is None
    assert cut((0.0, np.nan), (1.0, 1.0), ((0, 1), (0, 1))) is None


def test_ticks_are_round_numbers_inside() -> None:
    assert ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-5.0, 5.0) == [-4.0, -2.0, 0.0, 2.0, 4.0]
