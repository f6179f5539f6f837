"""Losses against float64 twins, their unstable forms, and the collapse of the chain rule."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.losses.catalogue import WITHOUT_CURVE, every_name, in_keras, parse
from tfviz.learn.losses.collapse import FAR, sigmoid_collapse, softmax_collapse
from tfviz.learn.losses.curves import LossLesson
from tfviz.learn.losses.lesson import compare_losses, loss, stability, told
from tfviz.learn.losses.regularisation import Regularisation, regularisation


@functools.cache
def lesson_of(name: str) -> LossLesson:
    lesson = loss(name)
    assert isinstance(lesson, LossLesson)
    return lesson


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# Loss by the definition, at one number, for the first curve of each.
TWINS: dict[str, Callable[[float], float]] = {
    "binary_crossentropy": lambda p: -math.log(p),
    "binary_focal_crossentropy": lambda p: -((1 - p) ** 2) * math.log(p),
    "categorical_crossentropy": lambda p: -math.log(p),
    "categorical_focal_crossentropy": lambda p: -0.25 * (1 - p) ** 2 * math.log(p),
    "categorical_generalized_cross_entropy": lambda p: (1 - p**0.5) / 0.5,
    "categorical_hinge": lambda x: max(0, 1 - x),
    "cosine_similarity": lambda angle: -math.cos(angle),
    "dice": lambda p: 1 - 2 * p / (1 + p),
    "hinge": lambda x: max(0, 1 - x),
    "huber": lambda x: x * x / 2 if abs(x) < 1 else abs(x) - 0.5,
    "kl_divergence": lambda p: -math.log(p),
    "log": lambda p: -math.log(p),
    "log_cosh": lambda x: math.log(math.cosh(x)),
    "mean_absolute_error": abs,
    "mean_absolute_percentage_error": lambda x: 100 * abs(x - 1),
    "mean_squared_error": lambda x: x * x,
    "mean_squared_logarithmic_error": lambda x: (math.log1p(x) - math.log(2)) ** 2,
    "poisson": lambda x: x - math.log(x),
    "sparse_categorical_crossentropy": lambda p: -math.log(p),
    "squared_hinge": lambda x: max(0, 1 - x) ** 2,
    "tversky": lambda p: p and 1 - p / (p + 0.5 * (1 - p)),
}


@pytest.mark.parametrize("name", sorted(TWINS))
def test_losses_are_those_of_the_slow_twin(name: str) -> None:
    curve = lesson_of(name).curves[0]
    expected = [TWINS[name](x) for x in curve.seen.x[::40]]
    np.testing.assert_allclose(curve.seen.value[::40], expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", sorted(TWINS))
def test_every_gradient_agrees_with_differences_and_its_identity(name: str) -> None:
    for curve in lesson_of(name).curves:
        assert not curve.slope.wrong
        assert curve.slope.points > 1150
        # Keras adds 1e-7 inside some losses.
        assert (curve.identity_off or 0.0) < 1e-5


def test_every_loss_of_keras_has_a_curve_or_says_why_not() -> None:
    assert set(TWINS) | {"l2"} == set(every_name())
    assert set(in_keras()) - set(every_name()) == set(WITHOUT_CURVE)


def test_the_gradient_by_the_logit_is_a_minus_y() -> None:
    curves = {(c.view.over, c.view.label): c for c in lesson_of("bce").curves}
    for y in (1, 0):
        curve = curves["logit z", f"y = {y}"]
        expected = [logistic(z) - y for z in curve.seen.x]
        np.testing.assert_allclose(curve.seen.slope, expected, atol=1e-12)


def test_the_gradient_by_the_probability_is_a_fraction() -> None:
    curve = lesson_of("bce").curves[0]
    np.testing.assert_allclose(curve.seen.slope, -1 / curve.seen.x, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "x", "left", "right", "picked"),
    [
        ("mean_absolute_error", 0, -1, 1, 0),
        ("hinge", 1, -1, 0, -1),
        ("categorical_hinge", 1, -1, 0, -1),
    ],
)
def test_corners_of_losses(name: str, x: float, left: float, right: float, picked: float) -> None:
    (kink,) = lesson_of(name).curves[0].kinks
    np.testing.assert_allclose((kink.x, *kink.slope), (x, left, right), atol=1e-8)
    assert kink.picked_slope == picked


def test_huber_follows_its_delta() -> None:
    curve = lesson_of("huber:delta=2").curves[0]
    np.testing.assert_allclose(curve.seen.slope, np.clip(curve.seen.x, -2, 2), atol=1e-12)
    assert [kink.x for kink in curve.kinks] == [-2.0, 2.0]


def test_below_epsilon_keras_has_no_gradient() -> None:
    clipping = lesson_of("bce").more["clipping"]
    epsilon = keras.config.epsilon()
    for p, value, gradient in zip(
        clipping["p"], clipping["loss"], clipping["gradient"], strict=True
    ):
        if p < 0.9 * epsilon:
            assert gradient == 0
            np.testing.assert_allclose(value, -math.log(epsilon), rtol=1e-4)
        elif p < 1:
            np.testing.assert_allclose(gradient, -1 / p, rtol=1e-4)


def test_minus_log_p_is_infinite_at_zero() -> None:
    clipping = lesson_of("log").more["clipping"]
    assert clipping["loss"][-1] == math.inf
    assert clipping["gradient"][-1] == -math.inf


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_from_logits_stays_true_and_the_others_break(name: str) -> None:
    forms = {form.name: form for form in stability(name).forms}
    stable = forms.pop("Keras, from_logits=True")
    assert stable.loss_breaks is None
    assert stable.gradient_breaks is None
    by_hand, clipped = forms["by hand"], forms["Keras, from probabilities"]
    assert math.isnan(by_hand.ends_as)
    assert clipped.ends_as == 0
    assert clipped.gradient_breaks is not None
    # The clip bites where 1 - p or p comes under 1e-7: at a logit of 16.1.
    assert 15.5 < clipped.gradient_breaks < 18


def test_the_true_loss_is_written_in_float64() -> None:
    found = stability("bce")
    z = 37.0
    at = int(np.flatnonzero(found.logits == z)[0])
    np.testing.assert_allclose(found.true_loss[at], z + math.exp(-z), rtol=1e-15)


def test_a_sigmoid_just_before_the_loss_is_as_good_as_logits_where_keras_looks_behind_it() -> None:
    behind = hasattr(keras.activations.sigmoid(np.float32([1.0])), "_keras_logits")
    form = next(f for f in stability("bce").forms if f.name == "Keras, sigmoid just before")
    assert (form.gradient_breaks is None) == behind


def test_sigmoid_and_cross_entropy_collapse_to_a_minus_y() -> None:
    found = sigmoid_collapse(1.5, 0.0)
    a = logistic(1.5)
    by_a, by_z, whole = found.factors
    np.testing.assert_allclose(by_a.value, 1 / (1 - a), rtol=1e-12)
    np.testing.assert_allclose(by_z.value, a * (1 - a), rtol=1e-12)
    np.testing.assert_allclose([whole.value, whole.tape, found.short, found.keras], a, rtol=1e-7)
    assert all(each.agrees for each in found.factors)


def test_far_out_one_factor_explodes_and_the_product_stays() -> None:
    for z, by_a, by_z, product, short, squared in sigmoid_collapse().far:
        np.testing.assert_allclose(product, short, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(by_a * by_z, product, rtol=1e-12)
        np.testing.assert_allclose(squared, 2 * short * by_z, rtol=1e-9)
        assert z in FAR


def test_softmax_and_cross_entropy_collapse_to_p_minus_y() -> None:
    z = [2.0, 1.0, 0.1, -1.0]
    found = softmax_collapse(z, 2)
    p = np.exp(z) / np.exp(z).sum()
    expected = p - np.array([0, 0, 1, 0])
    for each in (found.terms.sum(axis=0), found.short, found.tape, found.keras):
        np.testing.assert_allclose(each, expected, atol=1e-7)
    assert max(found.furthest.values()) < 1e-7


def test_only_the_path_through_the_right_class_carries_gradient() -> None:
    found = softmax_collapse()
    others = np.delete(found.terms, found.label, axis=0)
    assert not others.any()


def test_keras_divides_probabilities_by_their_sum_first() -> None:
    found = softmax_collapse()
    np.testing.assert_allclose(found.keras_by_p, 1 - found.y / found.p, rtol=1e-6)


@pytest.mark.parametrize("name", ["bce", "cce", "scce"])
def test_the_collapse_is_a_page_whose_numbers_are_inside(name: str, tmp_path: Path) -> None:
    lesson = lesson_of(name)
    page, twin = lesson.save(tmp_path, ("html", "json"))
    text = page.read_text(encoding="utf-8")
    assert "✓" in text
    assert "✗" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    found = json.loads(twin.read_text(encoding="utf-8"))["collapse"]
    assert "short" in found


def test_l2_comes_to_rest_where_both_pulls_are_equal() -> None:
    lesson = regularisation(parse("l2:0.25"))
    assert lesson.off < 1e-6
    np.testing.assert_allclose(
        [each.weight for each in lesson.rests],
        [2 / (1 + 2 * each.strength) for each in lesson.rests],
        rtol=1e-4,
    )
    np.testing.assert_allclose(lesson.shrinks, 1 - 0.1 * 2 * 0.25, rtol=1e-6)


def test_every_picture_can_be_drawn() -> None:
    for name in ("bce", "hinge"):
        lesson_of(name).figure()
    stability("bce").figure()
    found = loss("l2")
    assert isinstance(found, Regularisation)
    found.figure()


def test_cross_entropies_come_with_their_forms_once() -> None:
    names = [each.name for each in compare_losses(["cce", "scce", "mse"])]
    assert names == [
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "mean_squared_error",
        "categorical_crossentropy-stable",
    ]


def test_the_table_of_all_fits_a_terminal() -> None:
    lessons = compare_losses()
    assert {each.name for each in lessons} >= set(every_name())
    assert max(len(line) for line in told(lessons).split("\n")) <= 80


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mean_square_error", "Did you mean 'mean_squared_error'"),
        ("nonsense", "--all"),
        ("ctc", "no curve over one number"),
        ("circle", "pairs of a batch"),
        ("huber:width=1", "no parameter 'width'"),
        ("mse:1", "has no parameters"),
        ("l2:0", "above 0"),
        ("huber:-1", "above 0"),
        ("bce:label_smoothing=2", "between 0 and 1"),
        ("categorical_generalized_cross_entropy:0", "at most 1"),
        ("l2:much", "not 'much'"),
    ],
)
def test_bad_losses_are_answered(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        loss(name)


def test_forms_are_for_cross_entropies_alone() -> None:
    with pytest.raises(InputError, match="no stable and unstable form"):
        stability("mse")


@pytest.mark.parametrize(("z", "y"), [(100.0, 0.0), (math.nan, 0.0), (1.0, 2.0)])
def test_a_collapse_of_bad_numbers_is_refused(z: float, y: float) -> None:
    with pytest.raises(InputError):
        sigmoid_collapse(z, y)
    with pytest.raises(InputError):
        softmax_collapse([z, 0.0], int(y) if y == y and z == 1.0 else 5)


def test_short_names_are_known() -> None:
    assert parse("MSE").name == "mean_squared_error"
    assert parse("BinaryCrossentropy").name == "binary_crossentropy"
    assert parse("-log p").name == "log"


@pytest.mark.parametrize("name", ["bce", "cce", "log", "mse"])
def test_the_check_by_differences_has_a_distance_that_could_be_larger(name: str) -> None:
    for each in loss(name).curves:  # type: ignore[attr-defined]
        assert not each.slope.wrong
        assert 0 < each.slope.furthest < 1e-6
    assert "within 0e+00" not in str(loss(name))


def test_by_hand_the_gradient_is_told_in_the_order_in_which_it_breaks() -> None:
    row = next(each for each in stability("bce").table if each[0] == "by hand")
    assert row[-1] == "inf, nan"


def test_the_picture_names_the_parameters_that_were_given() -> None:
    texts = [each.get_text() for each in loss("cce:label_smoothing=1").figure().texts]
    assert "categorical_crossentropy:label_smoothing=1" in texts
