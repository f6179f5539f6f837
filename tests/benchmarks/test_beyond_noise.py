"""benchmarks/beyond_noise.py against what can be counted out or worked out by hand."""

from __future__ import annotations

import itertools
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfviz

BENCHMARKS = Path(tfviz.__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def noise() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARKS / "beyond_noise.py"))


def test_the_chance_of_a_mean_is_that_of_all_signs_counted_out(noise: dict[str, Any]) -> None:
    differences = np.random.default_rng(1).normal(0.4, 1, 10)
    signs = np.array(list(itertools.product((-1, 1), repeat=10)))
    exact = (np.abs((signs * differences).mean(axis=1)) >= abs(differences.mean()) - 1e-9).mean()
    assert 0.02 < exact < 0.98
    assert noise["chance"](differences) == pytest.approx(exact, abs=0.012)


def test_no_difference_at_all_is_certain_chance(noise: dict[str, Any]) -> None:
    assert noise["chance"](np.zeros(20)) == 1


def test_the_interval_of_many_draws_is_that_of_the_normal_distribution(
    noise: dict[str, Any],
) -> None:
    values = np.random.default_rng(2).normal(3, 2, 400)
    half = 1.96 * values.std() / 20
    low, high = noise["interval"](values)
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_holm_asks_more_of_the_first_than_of_the_last(noise: dict[str, Any]) -> None:
    significant = noise["significant"]
    assert significant({"a": 0.016, "b": 0.024, "c": 0.049}) == {"a", "b", "c"}
    # 0.02 is over 0.05 / 3, and what comes after it is not looked at.
    assert significant({"a": 0.02, "b": 0.021, "c": 0.022}) == set()
    assert significant({"a": 0.001, "b": 0.03, "c": 0.04}) == {"a"}
