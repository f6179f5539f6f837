"""Softmax and its kin, and the gated unit, against their definitions in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.activations.gated import GatedActivation
from tfviz.learn.activations.lesson import activation, softmax
from tfviz.learn.activations.vectors import VectorActivation, vector_lesson

LOGITS = [2.0, -0.5, 0.3, 1.1]


def slow_softmax(z: list[float]) -> list[float]:
    total = sum(np.exp(each) for each in z)
    return [float(np.exp(each) / total) for each in z]


def slow_sparsemax(z: list[float]) -> np.ndarray:
    """The nearest point of the simplex, by bisection for the tau with sum max(z - tau, 0) = 1."""
    low, high = min(z) - 1, max(z)
    for _ in range(200):
        tau = (low + high) / 2
        total = sum(max(each - tau, 0) for each in z)
        low, high = (tau, high) if total > 1 else (low, tau)
    return np.array([max(each - tau, 0) for each in z])


def test_the_jacobian_of_softmax_is_p_i_times_d_ij_less_p_j() -> None:
    lesson = softmax(LOGITS)
    p = slow_softmax(LOGITS)
    expected = [[p[i] * ((i == j) - p[j]) for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(lesson.outputs, p, rtol=1e-12)
    np.testing.assert_allclose(lesson.jacobian, expected, atol=1e-12)
    assert lesson.off_rule is not None
    assert lesson.off_rule < 1e-12


def test_softmax_is_positive_on_the_diagonal_and_negative_off_it() -> None:
    lesson = softmax(LOGITS)
    off = ~np.eye(4, dtype=bool)
    assert (np.diag(lesson.jacobian) > 0).all()
    assert (lesson.jacobian[off] < 0).all()
    assert "negative off it" in str(lesson)


def test_the_rows_and_columns_of_softmax_add_up_to_zero() -> None:
    numbers = softmax(LOGITS).to_dict()
    np.testing.assert_allclose(numbers["row_sums"], np.zeros(4), atol=1e-12)
    np.testing.assert_allclose(numbers["column_sums"], np.zeros(4), atol=1e-12)


def test_log_softmax_has_the_identity_less_p() -> None:
    lesson = vector_lesson("log_softmax", LOGITS)
    expected = np.eye(4) - np.array(slow_softmax(LOGITS))[None, :]
    np.testing.assert_allclose(lesson.jacobian, expected, atol=1e-12)


@pytest.mark.parametrize("z", [LOGITS, [0.5, 0.4, 0.3, 0.2], [5.0, 0.0, -1.0]])
def test_sparsemax_is_held_against_its_definition(z: list[float]) -> None:
    lesson = vector_lesson("sparsemax", z)
    truth = slow_sparsemax(z)
    np.testing.assert_allclose(lesson.truth, truth, atol=1e-9)
    wrong = bool(np.abs(lesson.outputs - truth).max() > 1e-6)
    assert bool(lesson.warnings) == wrong
    assert ("is wrong here" in str(lesson)) == wrong


def test_the_true_jacobian_of_sparsemax_mixes_those_that_are_kept() -> None:
    lesson = vector_lesson("sparsemax", [0.5, 0.4, -3.0])
    expected = [[0.5, -0.5, 0], [-0.5, 0.5, 0], [0, 0, 0]]
    np.testing.assert_allclose(lesson.formula, expected, atol=1e-12)


def test_every_jacobian_agrees_with_central_differences() -> None:
    for name in ("softmax", "log_softmax", "sparsemax"):
        assert vector_lesson(name, LOGITS).off_differences < 1e-8


def test_many_classes_are_drawn_without_numbers() -> None:
    lesson = softmax(np.linspace(-2, 2, 40).tolist())
    assert len(lesson.figure().axes) == 4  # two rows of bars, the matrix, its scale
    assert "first 8 of 40" in str(lesson)


def test_the_gate_of_glu_passes_both_gradients() -> None:
    lesson = activation("glu")
    assert isinstance(lesson, GatedActivation)
    i, j = 12, 60
    b, a = lesson.axis[i], lesson.axis[j]
    gate = 1 / (1 + np.exp(-b))
    np.testing.assert_allclose(lesson.value[i, j], a * gate, rtol=1e-12)
    np.testing.assert_allclose(lesson.by_a[i, j], gate, rtol=1e-12)
    np.testing.assert_allclose(lesson.by_b[i, j], a * gate * (1 - gate), rtol=1e-12)
    assert lesson.furthest["differences"] < 1e-8


def test_logits_may_be_text() -> None:
    lesson = activation("softmax", logits="2, 1, 0.1")
    assert isinstance(lesson, VectorActivation)
    assert lesson.logits.tolist() == [2.0, 1.0, 0.1]


@pytest.mark.parametrize(
    ("logits", "words"),
    [
        ("1", "too few"),
        ("", "too few"),
        ("1,x", "logits are numbers"),
        ("1,inf", "is inf"),
        ([[1.0, 2.0]], "shape"),
        ([0.0] * 101, "at most 100"),
    ],
)
def test_bad_logits_are_answered(logits: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        softmax(logits)  # type: ignore[arg-type]
