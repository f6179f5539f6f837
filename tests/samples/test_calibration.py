"""samples/calibration.py, against slow twins and numbers worked out by hand."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tfviz

SAMPLES = Path(tfviz.__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def calibration() -> dict[str, Any]:
    return runpy.run_path(str(SAMPLES / "calibration.py"))


@pytest.fixture(scope="module")
def honest() -> tuple[np.ndarray, np.ndarray]:
    """Logits (40000, 4) whose softmax is exactly how often each class is the label."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (40_000, 4))
    odds = np.exp(logits)
    drawn = random.random((len(odds), 1)) * odds.sum(axis=1, keepdims=True)
    return logits, (odds.cumsum(axis=1) < drawn).sum(axis=1)


def slow_ece(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Guo et al. 2017, equation 3, word by word."""
    total = 0.0
    for m in range(1, 16):
        members = [
            (max(row), int(np.argmax(row)) == label)
            for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True)
            if (m - 1) / 15 < max(row) <= m / 15
        ]
        if members:
            accuracy = math.fsum(right for _, right in members) / len(members)
            confidence = math.fsum(sure for sure, _ in members) / len(members)
            total += len(members) / len(labels) * abs(accuracy - confidence)
    return total


def test_the_expected_calibration_error_is_that_of_the_slow_twin(
    calibration: dict[str, Any], honest: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, labels = (each[:3000] for each in honest)
    probabilities = calibration["softmax"](2 * logits)
    found = calibration["errors"](probabilities, labels)
    np.testing.assert_allclose(found.ece, slow_ece(probabilities, labels), rtol=1e-9)


def test_three_answers_have_the_errors_worked_out_by_hand(calibration: dict[str, Any]) -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    found = calibration["errors"](probabilities, np.array([0, 1, 1]))
    # Two at 0.9 of which half are right, one at 0.6 that is right.
    assert found.ece == pytest.approx((2 * 0.4 + 1 * 0.4) / 3)
    assert found.overconfidence == pytest.approx((2 * 0.4 - 1 * 0.4) / 3)
    # Each alone in a bin of its own, as there are fewer answers than bins.
    assert found.ece_equal_mass == pytest.approx((0.1 + 0.9 + 0.4) / 3)
    assert found.nll == pytest.approx(-(math.log(0.9) + math.log(0.1) + math.log(0.6)) / 3)
    assert found.brier == pytest.approx((0.02 + 1.62 + 0.32) / 3)


def test_bins_of_equal_mass_hold_equally_many(
    calibration: dict[str, Any], honest: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, labels = (each[:3001] for each in honest)
    bins = calibration["reliability"](calibration["softmax"](logits), labels, equal_mass=True)
    assert sorted({n for n, _, _ in bins}) == [200, 201]


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_logits_multiplied_by_a_temperature_give_it_back(
    calibration: dict[str, Any], honest: tuple[np.ndarray, np.ndarray], temperature: float
) -> None:
    logits, labels = honest
    # 40,000 labels determine it to about 1 %.
    assert calibration["fit_temperature"](temperature * logits, labels) == pytest.approx(
        temperature, rel=0.03
    )


def test_no_temperature_nearby_has_a_smaller_likelihood_loss(
    calibration: dict[str, Any], honest: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, labels = honest[0] * 1.7, honest[1]
    best = calibration["fit_temperature"](logits, labels)
    losses = [
        calibration["errors"](calibration["softmax"](logits / t), labels).nll
        for t in (best * 0.999, best, best * 1.001)
    ]
    assert losses[1] < min(losses[0], losses[2])


def test_the_errors_of_a_half_come_from_the_temperature_of_the_other(
    calibration: dict[str, Any], honest: tuple[np.ndarray, np.ndarray]
) -> None:
    logits, labels = 2 * honest[0][:2000], honest[1][:2000]
    found = calibration["calibrate"](logits, labels, seed=3)
    halves = np.array_split(np.random.default_rng(3).permutation(2000), 2)
    for half, other in (halves, halves[::-1]):
        temperature = calibration["fit_temperature"](logits[other], labels[other])
        np.testing.assert_allclose(
            found.probabilities[half], calibration["softmax"](logits[half] / temperature)
        )
    assert found.after.ece < found.before.ece / 2


def test_folding_a_temperature_divides_the_logits_by_it(calibration: dict[str, Any]) -> None:
    import keras

    layer = keras.layers.Dense(3, bias_initializer="ones")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    before = np.array(layer(x))
    calibration["fold_temperature"](layer, 1.4)
    np.testing.assert_allclose(np.array(layer(x)), before / 1.4, rtol=1e-5)
