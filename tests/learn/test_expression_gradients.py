"""Gradients of expressions against TensorFlow's tape, complex steps and numbers by hand."""

from __future__ import annotations

import cmath
import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tfviz.errors import InputError
from tfviz.learn.expressions.lesson import Backprop, backprop

LEAVES = st.sampled_from(["a", "b", "c", "2", "0.5", "a", "b"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda xy: f"({xy[0]} + {xy[1]})"),
        pairs.map(lambda xy: f"({xy[0]} - {xy[1]})"),
        pairs.map(lambda xy: f"{xy[0]} * ({xy[1]})"),
        pairs.map(lambda xy: f"({xy[0]}) / (1 + ({xy[1]})**2)"),
        pairs.map(lambda xy: f"(({xy[0]})**2 + 1)**tanh({xy[1]})"),
        pairs.map(lambda xy: f"max({xy[0]}, {xy[1]})"),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"exp(tanh({x}))"),
        inner.map(lambda x: f"log(1 + ({x})**2)"),
        inner.map(lambda x: f"sigmoid({x})"),
        inner.map(lambda x: f"relu({x})"),
    )


EXPRESSIONS = st.recursive(LEAVES, _grow, max_leaves=9)
VALUES = st.tuples(*[st.floats(-2, 2).map(lambda x: round(x, 3)) for _ in "abc"])


def _lesson(text: str, values: tuple[float, ...]) -> tuple[Backprop, dict[str, float]]:
    names = set(text.replace("tanh", "").replace("max", "").replace("relu", ""))
    given_ = {name: value for name, value in zip("abc", values, strict=True) if name in names}
    assume(given_)
    try:
        lesson = backprop(f"y = {text}", **given_)
    except InputError:
        assume(False)
    return lesson, given_


def _close(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= 1e-9 * max(1.0, abs(wanted))


def test_random_expressions_have_the_gradients_of_tensorflows_tape() -> None:
    import tensorflow as tf

    def in_float64(function: Any) -> Any:
        return lambda *each: function(*(tf.convert_to_tensor(x, tf.float64) for x in each))

    named = {"log": tf.math.log, "relu": tf.nn.relu, "max": tf.maximum}
    named |= {"exp": tf.exp, "sigmoid": tf.sigmoid, "tanh": tf.tanh}
    functions = {name: in_float64(function) for name, function in named.items()}

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(text=EXPRESSIONS, values=VALUES)
    def check(text: str, values: tuple[float, ...]) -> None:
        lesson, names = _lesson(text, values)
        at = {name: tf.constant(value, tf.float64) for name, value in names.items()}
        with tf.GradientTape() as tape:
            tape.watch(at)
            out = eval(text, {**functions, **at})
        wanted = tape.gradient(out, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        assert _close(lesson.value, float(out))
        for name, gradient in lesson.gradients.items():
            assert _close(gradient, float(wanted[name])), text

    check()


def _greater(x: complex, y: complex) -> complex:
    return x if complex(x).real >= complex(y).real else y


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=EXPRESSIONS, values=VALUES)
def test_random_expressions_have_the_gradients_of_complex_steps(
    text: str, values: tuple[float, ...]
) -> None:
    lesson, names = _lesson(text, values)
    functions = {
        "exp": cmath.exp,
        "log": cmath.log,
        "sigmoid": lambda x: 1 / (1 + cmath.exp(-x)),
        "tanh": cmath.tanh,
        "relu": lambda x: x if complex(x).real > 0 else 0.0,
        "max": _greater,
    }
    step = 1e-30
    for name, gradient in lesson.gradients.items():
        moved = {n: complex(v, step if n == name else 0) for n, v in names.items()}
        wanted = complex(eval(text, {**functions, **moved})).imag / step
        assert _close(gradient, wanted), text


@settings(max_examples=200, deadline=None, derandomize=True)
@given(text=EXPRESSIONS, values=VALUES)
def test_both_modes_agree_and_no_node_is_found_wrong(text: str, values: tuple[float, ...]) -> None:
    lesson, _ = _lesson(text, values)
    for index, slope in zip(lesson.graph.inputs, lesson.forward.gradients, strict=True):
        assert _close(lesson.backward.gradients[index], slope)
    allowed = {"ok", "kink"} if lesson.kinks else {"ok"}
    for index, found in enumerate(lesson.differences):
        # A constant can be tied with another, or be the exponent of a negative number.
        fixed = set() if lesson.graph.varying[index] else {"kink", "none"}
        assert found.verdict in allowed | fixed, text


def test_the_example_of_two_sums_and_a_product() -> None:
    lesson = backprop("e = (a + b) * (b + 1)", a=2, b=1)
    assert lesson.value == 6.0
    assert lesson.gradients == {"a": 2.0, "b": 5.0}
    b = lesson.graph.inputs[1]
    assert [(s.upstream, s.local, s.amount) for s in lesson.backward.shares[b]] == [
        (2.0, 1.0, 2.0),
        (3.0, 1.0, 3.0),
    ]


def test_the_neuron_of_cs231n() -> None:
    lesson = backprop("f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    found = {name: round(value, 2) for name, value in lesson.gradients.items()}
    assert round(lesson.value, 2) == 0.73
    # The notes round on the way: w0 -0.20, x0 0.39, w1 -0.39, x1 -0.59, w2 0.20.
    assert found == {"w0": -0.2, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.2}


@pytest.mark.parametrize(
    "text",
    ["1/(1 + exp(-x))", "1/(exp(-x) + 1)", "(1 + exp(-x))**-1", "z = -x; u = 1 + exp(z); y = 1/u"],
)
def test_a_sigmoid_written_out_collapses(text: str) -> None:
    (found,) = backprop(text, x=0.7).collapses
    y = 1 / (1 + math.exp(-0.7))
    assert found.product == pytest.approx(y * (1 - y), rel=1e-14)
    assert found.short_form == pytest.approx(found.product, rel=1e-14)
    assert len(found.chain) == 4


@pytest.mark.parametrize("text", ["2/(1 + exp(-x))", "1/(2 + exp(-x))", "1/(1 + exp(x))"])
def test_what_is_no_sigmoid_does_not_collapse(text: str) -> None:
    assert backprop(text, x=0.7).collapses == ()


def test_work_is_counted_and_forward_mode_pays_for_every_input() -> None:
    # A chain of 5 after a sum of 4: reverse walks the chain once, forward 4 times.
    text = "tanh(tanh(tanh(tanh(tanh(a + b + c + d)))))"
    lesson = backprop(text, a=0.1, b=0.2, c=0.3, d=0.4)
    assert lesson.backward.work.passes == 1
    assert lesson.backward.work.multiplications == 5 + 6
    assert lesson.forward.work.passes == 4
    # a and b go through three sums, c through two, d through one.
    assert lesson.forward.work.multiplications == 4 * 5 + (3 + 3 + 2 + 1)


def test_constants_are_no_work() -> None:
    assert backprop("2 * a * 3", a=1.0).backward.work.multiplications == 2


KINKS = [
    ("relu(a)", {"a": 0.0}, {"a": 0.0}, "relu has a kink at 0"),
    ("max(a, b)", {"a": 2.0, "b": 2.0}, {"a": 1.0, "b": 0.0}, "max has a tie at 2"),
    ("a**p", {"a": -3.0, "p": 2.0}, {"a": -6.0, "p": 0.0}, "TensorFlow takes 0"),
]


@pytest.mark.parametrize(("text", "values", "gradients", "note"), KINKS)
def test_at_a_kink_the_convention_is_tensorflows_and_is_told(
    text: str, values: dict[str, float], gradients: dict[str, float], note: str
) -> None:
    lesson = backprop(text, tape=True, **values)
    assert lesson.gradients == gradients
    assert lesson.tape is not None
    for index in lesson.graph.inputs:
        assert lesson.tape[index] == lesson.backward.gradients[index]
    assert note in lesson.kinks[0].note


def test_a_power_of_zero_is_flat_though_the_tape_has_nan_for_it() -> None:
    lesson = backprop("a**0", a=0.0, tape=True)
    assert lesson.gradients == {"a": 0.0}
    assert lesson.tape is not None
    assert math.isnan(lesson.tape[lesson.graph.inputs[0]])
    assert "nan" in lesson.kinks[0].note


def test_a_kink_shows_in_the_nudging_left_and_right() -> None:
    lesson = backprop("relu(a) + a", a=0.0)
    found = lesson.differences[lesson.graph.inputs[0]]
    assert found.verdict == "kink"
    assert (found.left, found.right) == pytest.approx((1.0, 2.0))


@pytest.mark.parametrize("a", [1e-7, -1e-7, 1e-5])
def test_a_kink_nearby_does_not_spoil_the_tick(a: float) -> None:
    lesson = backprop("relu(a) * 3", a=a)
    assert {each.verdict for each in lesson.differences} == {"ok"}


def test_a_wrong_gradient_would_be_found() -> None:
    from tfviz.learn.expressions.differences import difference

    lesson = backprop("exp(a) * b", a=0.5, b=2.0)
    for index, gradient in enumerate(lesson.backward.gradients):
        assert lesson.differences[index].verdict == "ok"
        wrong = list(lesson.backward.gradients)
        wrong[index] = gradient * (1 + 1e-5) + 1e-9
        assert difference(lesson.graph, lesson.values, wrong, index).verdict == "no"


def test_a_difference_that_rounding_eats_is_called_unclear_and_not_wrong() -> None:
    lesson = backprop("(a - (a - b))**2", a=-98131.0, b=1.2576e-9)
    assert lesson.differences[lesson.graph.inputs[1]].verdict == "unclear"


def test_tiny_numbers_are_nudged_by_tinier_ones() -> None:
    lesson = backprop("log(sigmoid(a))", a=-55.0)
    assert {each.verdict for each in lesson.differences} == {"ok"}


def test_two_conventions_can_add_up_to_a_wrong_slope_and_it_shows() -> None:
    # relu(a) - relu(-a) is a, and its slope is 1 everywhere.
    lesson = backprop("relu(a) - relu(-a)", a=0.0, tape=True)
    index = lesson.graph.inputs[0]
    assert lesson.gradients == {"a": 0.0}
    assert lesson.tape is not None
    assert lesson.tape[index] == 0.0
    assert lesson.differences[index].verdict == "no"
    assert lesson.differences[index].slope == pytest.approx(1.0)
    assert "conventions at several kinks" in str(lesson)


def test_at_the_edge_of_a_domain_one_side_is_compared() -> None:
    lesson = backprop("a**1.5 + b", a=0.0, b=1.0)
    assert lesson.gradients["a"] == 0.0
    assert lesson.differences[lesson.graph.inputs[0]].verdict == "one side"


UNDEFINED = [
    ("log(a)", {"a": -1.0}, "there is no log(-1)", "^^^^^^"),
    ("log(a)", {"a": 0.0}, "there is no log(0)", "^^^^^^"),
    ("1/a", {"a": 0.0}, "there is no 1 / 0", "^^^"),
    ("a**-1", {"a": 0.0}, "there is no 0**(-1)", "^^^^^"),
    ("a**0.5", {"a": -1.0}, "there is no real number (-1)**0.5", "^^^^^^"),
    ("a**0.5", {"a": 0.0}, "slope of a power 0.5 at 0 is infinite", "^^^^^^"),
    ("exp(a)", {"a": 710.0}, "exp(710) is beyond", "^^^^^^"),
    ("a**400", {"a": 10.0}, "10**400 is beyond", "^^^^^^"),
    ("a*a", {"a": 1e200}, "1e+200 * 1e+200 is beyond", "^^^"),
    ("1 / a", {"a": 1e-200}, "slope here is beyond", "^^^^^"),
]


@pytest.mark.parametrize(("text", "values", "said", "carets"), UNDEFINED)
def test_where_there_is_no_value_or_slope_it_is_told_with_its_place(
    text: str, values: dict[str, float], said: str, carets: str
) -> None:
    with pytest.raises(InputError) as caught:
        backprop(f"b + {text}", b=1.0, **values)
    sentence, line, marks = str(caught.value).split("\n")
    assert said in sentence
    assert line == f"  b + {text}"
    assert marks == f"      {carets}"


def test_a_sigmoid_far_out_neither_overflows_nor_loses_its_slope() -> None:
    assert backprop("sigmoid(a)", a=-800.0).gradients == {"a": 0.0}
    assert backprop("sigmoid(a)", a=40.0).gradients["a"] == pytest.approx(math.exp(-40), rel=1e-12)


def test_what_the_output_does_not_need_has_gradient_zero() -> None:
    lesson = backprop("c = a * b; e = a + 1", a=2.0, b=3.0)
    assert lesson.gradients == {"a": 1.0, "b": 0.0}


def test_every_node_is_compared_with_the_tape_when_asked() -> None:
    lesson = backprop("c = a*b; e = c*c + relu(c - b) / exp(a)", tape=True, a=1.5, b=-0.5)
    assert lesson.tape is not None
    varying = [i for i, each in enumerate(lesson.graph.varying) if each]
    found: list[Any] = [lesson.backward.gradients[i] for i in varying]
    assert found == pytest.approx([lesson.tape[i] for i in varying], rel=1e-12)
