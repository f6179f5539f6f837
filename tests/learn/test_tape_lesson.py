"""What goes wrong in a tape loop, against the same loops worked out in float64."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tfviz.learn.tapes.lesson import TapeLesson, tape
from tfviz.learn.tapes.line import POINTS, RATE, START, STEPS
from tfviz.learn.tapes.mistake import Mistake
from tfviz.learn.tapes.words import WORDS

X = np.linspace(-1, 1, POINTS)
Y = 3 * X - 1


@pytest.fixture(scope="module")
def lesson() -> TapeLesson:
    return tape()


@pytest.fixture(scope="module")
def mistakes(lesson: TapeLesson) -> dict[str, Mistake]:
    return {each.name: each for each in lesson.mistakes}


def walked(rate: float, momentum: float = 0.0, power: float = 1.0) -> np.ndarray:
    """Losses of gradient descent; with momentum 1 all gradients so far are applied each time."""
    w, b = START
    sums, losses = np.zeros(2), []
    for _ in range(STEPS + 1):
        residual = w * X + b - Y
        losses.append(np.mean(residual**2))
        gradient = np.array([2 * np.mean(residual * X), 2 * np.mean(residual)]) * power
        sums = momentum * sums + gradient
        w, b = w - rate * sums[0], b - rate * sums[1]
    return np.array(losses)


def test_the_right_loop_is_gradient_descent(lesson: TapeLesson) -> None:
    np.testing.assert_allclose(lesson.right, walked(RATE), rtol=1e-3, atol=1e-11)
    assert lesson.right[-1] < 1e-9


def test_accumulated_gradients_are_momentum_that_never_fades(mistakes: Any) -> None:
    losses = mistakes["accumulated"].losses
    np.testing.assert_allclose(losses, walked(RATE, momentum=1.0), rtol=1e-3)
    assert max(losses[10:]) > 10


def test_two_applications_are_one_at_twice_the_rate(mistakes: Any) -> None:
    np.testing.assert_allclose(mistakes["applied-twice"].losses, walked(2 * RATE), rtol=1e-4)


def test_without_a_scalar_the_gradient_is_that_of_the_sum(mistakes: Any) -> None:
    found = mistakes["not-scalar"]
    assert found.facts["ratio"] == pytest.approx(POINTS, rel=1e-6)
    np.testing.assert_allclose(found.losses[:8], walked(RATE, power=POINTS)[:8], rtol=1e-4)


@pytest.mark.parametrize("name", ["not-applied", "outside"])
def test_what_is_not_applied_leaves_the_loss_to_the_last_digit(mistakes: Any, name: str) -> None:
    assert len(set(mistakes[name].losses)) == 1


def test_outside_of_the_tape_keras_says_that_nothing_was_given(mistakes: Any) -> None:
    assert mistakes["outside"].facts == {"gradients that are None": "2 of 2"}
    assert mistakes["outside"].error.startswith("ValueError: No gradients provided")


def test_a_variable_replaced_by_a_tensor_moves_once(mistakes: Any, lesson: TapeLesson) -> None:
    found = mistakes["replaced"]
    assert found.losses[1] == pytest.approx(lesson.right[1])
    assert len(set(found.losses[1:])) == 1
    assert found.facts["gradient at step 2"] is None
    assert "assign_sub" in found.error


def test_a_second_answer_is_refused_in_tensorflows_words(mistakes: Any) -> None:
    assert "non-persistent GradientTape can only be used" in mistakes["used-twice"].error
    assert mistakes["used-twice"].error.startswith("RuntimeError: ")


def test_a_constant_has_a_gradient_only_when_watched(mistakes: Any) -> None:
    assert mistakes["unwatched"].facts == {"without watch": None, "with watch": 6.0}


def test_a_persistent_tape_keeps_what_every_step_computed(mistakes: Any) -> None:
    facts = mistakes["persistent"].facts
    assert facts["steps whose values are alive, one tape"] == f"{STEPS} of {STEPS}"
    assert facts["steps whose values are alive, a new tape each"] == f"0 of {STEPS}"
    assert facts["gradients the same"] == "yes"


def test_inside_of_a_persistent_tape_the_backward_pass_is_recorded(mistakes: Any) -> None:
    found = mistakes["inside"]
    # The second derivative of the mean of (w x + b - y)^2 by w.
    assert found.facts["second derivative, inside"] == pytest.approx(2 * np.mean(X**2), rel=1e-5)
    assert found.facts["second derivative, after"] is None
    assert found.facts["largest difference of losses"] == 0.0
    assert "significantly less efficient" in found.error


def test_both_languages_have_a_word_for_each_part() -> None:
    assert all(len(row) == 3 and all(row) for row in WORDS)
    assert {"zero-grad", "backward", "step"} <= {row[0] for row in WORDS}


def test_text_page_and_twin_tell_all_mistakes(lesson: TapeLesson, tmp_path: Any) -> None:
    page, twin = (each.read_text() for each in lesson.save(tmp_path, ["html", "json"]))
    numbers = json.loads(twin)["mistakes"]
    for each in lesson.mistakes:
        assert each.title in str(lesson)
        assert each.title in page
        np.testing.assert_array_equal([float(v) for v in numbers[each.name]["losses"]], each.losses)
    assert max(map(len, str(lesson).splitlines())) <= 80


@pytest.mark.slow
def test_the_command_prints_no_warning_of_tensorflow(tfviz_cli: Any, tmp_path: Any) -> None:
    said = tfviz_cli("learn", "tape", "--out", tmp_path)
    assert said.code == 0
    assert "significantly less efficient" in " ".join(said.out.split())
    assert said.err == ""
    assert {each.name for each in tmp_path.iterdir()} == {"tape.png", "tape.html", "tape.json"}
