"""Activations against float64 twins written down from their definitions."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tfviz.errors import InputError
from tfviz.learn.activations.kinks import find_kinks
from tfviz.learn.activations.lesson import activation, compare_activations
from tfviz.learn.activations.names import every_name, in_keras, parse
from tfviz.learn.activations.scalar import ScalarActivation
from tfviz.learn.activations.study import Study, study
from tfviz.learn.activations.tape import curve
from tfviz.learn.activations.together import Comparison, told
from tfviz.learn.activations.truth import check_slope

GRID = np.arange(-400, 401) / 50.0


@functools.cache
def found(name: str) -> Study:
    lesson = activation(name)
    assert isinstance(lesson, ScalarActivation)
    return lesson.found


def softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


TWINS: dict[str, Callable[[float], float]] = {
    "celu": lambda x: x if x > 0 else math.expm1(x),
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "exponential": math.exp,
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
    "hard_shrink": lambda x: x if abs(x) > 0.5 else 0.0,
    "hard_sigmoid": lambda x: min(max(x + 3, 0), 6) / 6,
    "hard_silu": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "linear": lambda x: x,
    "log_sigmoid": lambda x: -softplus(-x),
    "mish": lambda x: x * math.tanh(softplus(x)),
    "prelu": lambda x: x if x > 0 else 0.25 * x,
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: min(max(x, 0), 6),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "soft_shrink": lambda x: math.copysign(max(abs(x) - 0.5, 0), x),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "sparse_plus": lambda x: 0.0 if x <= -1 else x if x >= 1 else (x + 1) ** 2 / 4,
    "sparse_sigmoid": lambda x: min(max((x + 1) / 2, 0), 1),
    "squareplus": lambda x: (x + math.sqrt(x * x + 4)) / 2,
    "step": lambda x: 1.0 if x >= 0 else 0.0,
    "tanh": math.tanh,
    "tanh_shrink": lambda x: x - math.tanh(x),
    "threshold": lambda x: x if x > 1 else 0.0,
}


@pytest.mark.parametrize("name", sorted(TWINS))
def test_values_and_slopes_are_those_of_the_slow_twin(name: str) -> None:
    seen = curve(parse(name).function, GRID)
    twin = TWINS[name]
    np.testing.assert_allclose(seen.value, [twin(x) for x in GRID], rtol=1e-7, atol=1e-8)
    kinks = [kink.x for kink in found(name).kinks]
    smooth = [i for i, x in enumerate(GRID) if all(abs(x - kink) > 1e-3 for kink in kinks)]
    slope = [(twin(x + 1e-5) - twin(x - 1e-5)) / 2e-5 for x in GRID[smooth]]
    np.testing.assert_allclose(seen.slope[smooth], slope, rtol=1e-6, atol=1e-7)


def test_every_function_of_keras_is_shown_once_with_prelu_and_step() -> None:
    names = every_name()
    functions = {getattr(keras.activations, name) for name in in_keras()}
    assert {getattr(keras.activations, n) for n in names if n not in ("prelu", "step")} == functions
    assert len(names) == len(functions) + 2
    assert {"prelu", "step"} <= set(names)


def test_aliases_are_told() -> None:
    assert parse("swish").aliases == ("silu",)
    assert parse("silu").aliases == ("swish",)


@pytest.mark.parametrize("name", sorted(TWINS))
def test_the_identity_of_the_derivative_holds(name: str) -> None:
    identity = found(name).identity
    assert identity is not None
    # gelu and leaky_relu carry constants rounded to float32 inside Keras.
    assert identity.furthest < 2e-8


def test_the_identities_follow_the_parameters() -> None:
    for spec in (
        "gelu:approximate=true",
        "elu:2",
        "celu:alpha=0.5",
        "squareplus:9",
        "relu:negative_slope=0.1,max_value=4,threshold=1",
    ):
        identity = found(spec).identity
        assert identity is not None
        assert identity.furthest < 5e-8, spec


def test_celu_is_told_to_be_wrong_at_zero_wherever_it_is() -> None:
    lesson = activation("celu")
    assert isinstance(lesson, ScalarActivation)
    at_zero = float(curve(parse("celu").function, np.zeros(1)).slope[0])
    if abs(at_zero - 1) < 1e-6:  # a Keras that has been mended
        assert lesson.wrong == ()
        return
    (wrong,) = lesson.found.slope.wrong
    assert (wrong.x, wrong.tape) == (0.0, at_zero)
    np.testing.assert_allclose([wrong.left, wrong.right], 1, atol=1e-6)
    assert "the truth is 1" in " ".join(str(lesson).split())
    assert "the truth is 1" in " ".join(lesson.to_dict()["warnings"])
    words = [each.get_text() for each in lesson.figure().texts]
    assert any("Keras is wrong here" in each for each in words)


def test_no_other_activation_but_prelu_has_a_wrong_slope() -> None:
    wrong = {name for name in TWINS if found(name).slope.wrong}
    assert wrong <= {"celu", "prelu"}


def test_no_second_derivative_of_the_tape_is_wrong() -> None:
    assert all(not found(name).curvature.wrong for name in TWINS)


@pytest.mark.parametrize(
    ("name", "kinks"),
    [
        ("relu", [(0, 0, 1)]),
        ("relu6", [(0, 0, 1), (6, 1, 0)]),
        ("hard_sigmoid", [(-3, 0, 1 / 6), (3, 1 / 6, 0)]),
        ("hard_silu", [(-3, 0, -0.5), (3, 1.5, 1)]),
        ("hard_tanh", [(-1, 0, 1), (1, 1, 0)]),
        ("soft_shrink", [(-0.5, 1, 0), (0.5, 0, 1)]),
        ("selu", [(0, 1.7580993408, 1.0507009874)]),
        ("leaky_relu:0.3", [(0, 0.3, 1)]),
        ("relu:threshold=2.345", [(2.345, 0, 1)]),
    ],
)
def test_corners_are_found_with_both_slopes(
    name: str, kinks: list[tuple[float, float, float]]
) -> None:
    corners = [kink for kink in found(name).kinks if kink.slope[0] != kink.slope[1]]
    np.testing.assert_allclose(
        [(kink.x, *kink.slope) for kink in corners], kinks, rtol=1e-6, atol=1e-7
    )


def test_smooth_activations_have_no_kinks() -> None:
    for name in (
        "sigmoid",
        "tanh",
        "silu",
        "gelu",
        "mish",
        "softplus",
        "exponential",
        "squareplus",
        "tanh_shrink",
        "log_sigmoid",
        "linear",
    ):
        assert found(name).kinks == (), name


def test_the_value_that_keras_picks_at_a_corner_is_the_tape_s() -> None:
    for name in ("relu", "selu", "hard_silu"):
        for kink in found(name).kinks:
            at = curve(parse(name).function, np.array([kink.x]))
            assert kink.picked_slope == float(at.slope[0])


def test_jumps_are_told_from_corners() -> None:
    kinks = {kink.x: kink for kink in found("hard_shrink").kinks}
    assert {x: kink.kind for x, kink in kinks.items()} == {-0.5: "jump", 0.5: "jump"}
    assert kinks[0.5].value == (0.0, 0.5)


def test_elu_bends_at_zero_from_curvature_one_to_none() -> None:
    (kink,) = found("elu").kinks
    assert kink.kind == "bend"
    np.testing.assert_allclose(kink.curvature, (1, 0), atol=1e-4)


def test_softsign_is_drawn_by_differences_where_the_tape_has_no_second_derivative() -> None:
    seen = found("softsign")
    right = np.concatenate([piece.x for piece in seen.pieces])
    drawn = np.concatenate([piece.curvature for piece in seen.pieces])
    truth = -2 * np.sign(right) / (1 + np.abs(right)) ** 3
    np.testing.assert_allclose(drawn, truth, atol=1e-4)


def test_a_wrong_slope_would_be_seen() -> None:
    import tensorflow as tf

    @tf.custom_gradient
    def crooked(x: Any) -> Any:
        return tf.tanh(x), lambda upstream: upstream * (1 - tf.tanh(x) ** 2 + 1e-4)

    seen = curve(crooked, np.arange(-10, 11) / 5)
    agreement = check_slope(crooked, seen, ())
    assert len(agreement.wrong) == 21


def test_a_slope_that_is_nan_is_wrong() -> None:
    import tensorflow as tf

    def rooted(x: Any) -> Any:
        # The well-known trap: the branch not taken spoils the gradient.
        return tf.where(x > 0, tf.sqrt(x), tf.zeros_like(x))

    seen = curve(rooted, np.array([-1.0, -0.5]))
    assert np.isnan(seen.slope).any() == bool(check_slope(rooted, seen, ()).wrong)


def test_sharp_but_smooth_curves_are_not_called_wrong() -> None:
    study_of = found("celu:0.01")
    assert not study_of.curvature.wrong
    assert {wrong.x for wrong in study_of.slope.wrong} <= {0.0}


def test_a_table_with_parameters_fits_a_terminal() -> None:
    asked = ("leaky_relu:0.3", "elu:alpha=2", "hard_shrink", "relu:max_value=6")
    table = str(compare_activations(asked)[0])
    assert max(len(line) for line in table.split("\n")) <= 80
    assert [line.split()[0] for line in table.split("\n")[1:]] == [
        "leaky_relu:0.3",
        "elu:2",
        "hard_shrink",
        "relu:max_value=6",
    ]


def test_a_bound_beside_a_jump_is_approached_and_not_reached() -> None:
    assert str(found("threshold:0.25,3").range) == "(0.25, ∞)"


def test_kinks_are_found_from_values_though_the_tape_knows_none() -> None:
    import tensorflow as tf

    seen = curve(lambda x: tf.abs(x - 0.123), np.arange(-800, 801) / 200)
    (kink,) = find_kinks(lambda x: tf.abs(x - 0.123), seen)
    np.testing.assert_allclose([kink.x, *kink.slope], [0.123, -1, 1], atol=1e-8)


@pytest.mark.parametrize(
    ("name", "range_"),
    [
        ("sigmoid", "(0, 1)"),
        ("tanh", "(-1, 1)"),
        ("relu", "[0, ∞)"),
        ("relu6", "[0, 6]"),
        ("silu", "[-0.2785, ∞)"),
        ("elu:2", "(-2, ∞)"),
        ("log_sigmoid", "(-∞, 0)"),
        ("softsign", "(-1, 1)"),
        ("linear", "(-∞, ∞)"),
        ("step", "0 or 1"),
        ("threshold", "0 or (1, ∞)"),
        ("hard_shrink", "(-∞, -0.5) or 0 or (0.5, ∞)"),
        ("hard_silu", "[-0.375, ∞)"),
    ],
)
def test_ranges(name: str, range_: str) -> None:
    assert str(found(name).range) == range_


def test_the_sigmoid_is_alive_between_the_roots_of_its_slope() -> None:
    # s (1 - s) = 0.01 / 4 has the roots s = (1 ± sqrt(0.99)) / 2.
    s = (1 + math.sqrt(0.99)) / 2
    edge = math.log(s / (1 - s))
    vanishing = found("sigmoid").vanishing
    np.testing.assert_allclose(vanishing.alive, 2 * edge, rtol=1e-9)
    np.testing.assert_allclose([zone.high for zone in vanishing.zones], [-edge, math.inf])
    assert (vanishing.peak, vanishing.peak_at) == (0.25, 0.0)


def test_tanh_is_alive_half_as_wide() -> None:
    np.testing.assert_allclose(
        found("tanh").vanishing.alive * 2, found("sigmoid").vanishing.alive, rtol=1e-9
    )


def test_elu_fades_at_the_log_of_a_hundredth() -> None:
    (zone,) = found("elu").vanishing.zones
    np.testing.assert_allclose(zone.high, math.log(0.01), rtol=1e-9)
    assert zone.kind == "saturated"


def test_dead_saturated_and_turning_are_told_apart() -> None:
    assert [zone.kind for zone in found("relu").vanishing.zones] == ["dead"]
    assert [zone.kind for zone in found("silu").vanishing.zones] == ["saturated", "turning"]
    assert [zone.kind for zone in found("tanh_shrink").vanishing.zones] == ["flat"]
    assert found("leaky_relu").vanishing.zones == ()


def test_silu_turns_where_its_slope_is_zero() -> None:
    ((x, value),) = found("silu").turns
    np.testing.assert_allclose(x, -1.278464542761, rtol=1e-9)
    np.testing.assert_allclose(value, TWINS["silu"](x), rtol=1e-12)


def test_in_float32_the_sigmoid_falls_silent_on_the_right_first() -> None:
    left, right = found("sigmoid").silent
    import tensorflow as tf

    for edge, side in ((left, -1), (right, 1)):
        assert edge is not None
        x = tf.constant([edge + side * 0.01, edge - side * 0.01])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras.activations.sigmoid(x)
        slope = np.asarray(tape.gradient(y, x))
        assert slope[0] == 0 < slope[1]


def test_far_inputs_that_become_nan_are_told() -> None:
    lesson = activation("silu")
    assert isinstance(lesson, ScalarActivation)
    is_nan = math.isnan(float(keras.activations.silu(np.float32([-np.inf]))[0]))
    assert ("f(-∞)" in " ".join(lesson.troubles)) == is_nan


def test_the_exponential_has_no_largest_slope() -> None:
    vanishing = found("exponential").vanishing
    assert math.isinf(vanishing.peak)
    np.testing.assert_allclose(vanishing.zones[0].high, math.log(0.01), rtol=1e-9)


def test_the_step_can_t_be_trained_and_the_sigmoid_can() -> None:
    lesson = activation("step")
    assert isinstance(lesson, ScalarActivation)
    trained = lesson.more["trained"]
    assert trained["step"]["moved"] == 0
    assert trained["step"]["loss"][0] == trained["step"]["loss"][1]
    assert trained["sigmoid"]["loss"][1] < trained["sigmoid"]["loss"][0] / 2
    assert lesson.more["tape"]["cast(x >= 0)"] is None


def test_prelu_learns_its_slope_from_the_left_alone() -> None:
    lesson = activation("prelu:0.1")
    assert isinstance(lesson, ScalarActivation)
    x = np.concatenate([piece.x for piece in lesson.found.pieces])
    np.testing.assert_allclose(lesson.beside["df/dalpha"], np.minimum(x, 0), atol=1e-12)


def test_the_drawn_range_changes_nothing_that_is_found() -> None:
    wide, narrow = study(parse("relu6")), study(parse("relu6"), (1.0, 2.0))
    assert (wide.kinks, wide.range) == (narrow.kinks, narrow.range)
    assert narrow.pieces[0].x[[0, -1]].tolist() == [1.0, 2.0]


def test_curves_are_cut_at_their_corners() -> None:
    left, right = found("relu").pieces
    assert left.x[-1] < 0 < right.x[0]
    assert set(left.slope) == {0.0}
    assert set(right.slope) == {1.0}


def test_the_data_twin_is_plain_json(tmp_path: Path) -> None:
    (path,) = activation("elu:alpha=2").save(tmp_path, ("json",))
    assert path.name == "elu-alpha-2.json"
    twin = json.loads(path.read_text(encoding="utf-8"))
    assert twin["parameters"] == {"alpha": 2.0}
    assert twin["vanishing"]["zones"][0]["low"] == "-inf"


def test_the_same_svg_comes_every_time() -> None:
    lesson = activation("hard_silu")
    assert lesson.svg() == lesson.svg()
    assert "f&#x27;(x)" in lesson.svg() or "f'(x)" in lesson.svg()


def test_several_are_held_against_each_other() -> None:
    slide, *each = compare_activations(["tanh", "relu", "tanh"])
    assert isinstance(slide, Comparison)
    assert [one.name for one in each] == ["tanh", "relu"]
    assert "5.986" in told([slide, *each])


def test_all_of_them_come_on_few_slides_and_in_one_table() -> None:
    lessons = compare_activations()
    slides = [each for each in lessons if isinstance(each, Comparison)]
    shown = [one.name for slide in slides for one in slide.lessons]
    alone = [each.name for each in lessons if not isinstance(each, Comparison)]
    assert len(slides) == 2
    assert alone == list(every_name())
    assert set(alone) - set(shown) == {"softmax", "log_softmax", "sparsemax", "glu"}
    assert max(len(line) for line in told(lessons).split("\n")) <= 80
    for slide in slides:
        slide.figure()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("sigmod", "Did you mean 'sigmoid'"),
        ("nonsense", "--all"),
        ("relu:slope=1", "no parameter 'slope'"),
        ("elu:alpha=big", "not 'big'"),
        ("elu:nan", "not 'nan'"),
        ("elu:1000", "between -100 and 100"),
        ("elu:1,2", "takes 1 parameters"),
        ("tanh:2", "has no parameters"),
        ("gelu:approximate=perhaps", "true or false"),
    ],
)
def test_bad_names_and_parameters_are_answered(spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        activation(spec)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ((3, -3), "backwards; give the lower end first: -3 3"),
        ((2, 2), "is empty"),
        ((0, math.inf), "leaves -1000 to 1000"),
        ((0, 1e-6), "narrower"),
        ("ab", "two numbers"),
    ],
)
def test_bad_ranges_are_answered(over: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        activation("sigmoid", over=over)


def test_capital_letters_and_underscores_make_no_difference() -> None:
    assert parse("LeakyReLU").name == "leaky_relu"
    assert parse("leaky-relu:0.3").parameters["negative_slope"] == 0.3
