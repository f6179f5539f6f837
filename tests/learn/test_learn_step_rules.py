"""The table of local rules, each formula against TensorFlow's gradient of that very op."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfviz.learn.steps.rules import NESTED, RULES, evaluate, formula, letters, unbroadcast

POINTWISE = {name: rule for name, rule in RULES.items() if rule.pointwise}
POSITIVE = {"Log", "Log1p", "Sqrt", "Rsqrt", "Pow", "Reciprocal", "RealDiv", "DivNoNan"}
# Those whose Python name in tf.raw_ops takes more than numbers.
EXTRA: dict[str, dict[str, Any]] = {"Cast": {"DstT": tf.float64}, "LeakyRelu": {"alpha": 0.25}}


def numbers(name: str, count: int) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    low = 0.2 if name in POSITIVE else -2.0
    shapes = [(3, 4), (4,)] if count == 2 else [(3, 4)] * count
    found = [random.uniform(low, 7.0 if name == "Relu6" else 2.0, shape) for shape in shapes]
    if name.startswith("Select"):
        found[0] = found[0] > 0
    return found


@pytest.mark.parametrize("name", POINTWISE)
def test_a_formula_is_tensorflows_gradient(name: str) -> None:
    rule = POINTWISE[name]
    count = 3 if name == "AddN" else len(rule.forms)
    given = [tf.constant(each) for each in numbers(name, count)]
    dy = np.random.default_rng(6).normal(size=(3, 4))
    function, extra = getattr(tf.raw_ops, name), EXTRA.get(name, {})
    if name == "AddN":
        given = [tf.constant(np.ones((3, 4)) * i) for i in range(3)]
    parameters = [n for n in inspect.signature(function).parameters if n not in ("name", *extra)]
    with tf.GradientTape() as tape:
        tape.watch(given)
        arguments = [given] if name == "AddN" else given
        y = function(**dict(zip(parameters, arguments, strict=False)), **extra)
    theirs = tape.gradient(y, given, output_gradients=tf.constant(dy))
    known = dict(zip(letters(count), (np.float64(each) for each in given), strict=True))
    known |= {"y": y.numpy(), "dy": dy, **{k: v for k, v in extra.items() if k == "alpha"}}
    for i, each in enumerate(theirs):
        form = formula(rule, i)
        if form:
            mine = evaluate(form, known, tuple(given[i].shape))
            np.testing.assert_allclose(mine, each, rtol=1e-10, atol=1e-12, err_msg=form)
        else:
            assert each is None


@pytest.mark.parametrize("name", ["Maximum", "Minimum"])
def test_at_a_tie_the_first_takes_all(name: str) -> None:
    one, dy = tf.ones((2,), tf.float64), np.array([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(one)
        other = tf.identity(one)
        tape.watch(other)
        y = getattr(tf.raw_ops, name)(x=one, y=other)
    _, second = tape.gradient(y, [one, other], output_gradients=tf.constant(dy))
    known = {"a": np.ones(2), "b": np.ones(2), "y": np.ones(2), "dy": dy}
    np.testing.assert_array_equal(evaluate(RULES[name].forms[1], known, (2,)), second)
    np.testing.assert_array_equal(second, [0.0, 0.0])


@pytest.mark.parametrize("axes", [[0], [1], [0, 2], [-1]])
@pytest.mark.parametrize("name", ["Sum", "Mean"])
def test_sums_and_means_go_back_to_the_axes_they_came_from(name: str, axes: list[int]) -> None:
    # Axes of equal length can be mistaken for each other.
    x = tf.constant(np.random.default_rng(7).normal(size=(4, 4, 4)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.raw_ops, name)(input=x, axis=axes)
    dy = np.random.default_rng(8).normal(size=y.shape)
    theirs = tape.gradient(y, x, output_gradients=tf.constant(dy))
    known = {"a": x.numpy(), "b": np.array(axes), "y": y.numpy(), "dy": dy}
    mine = evaluate(RULES[name].forms[0], known, (4, 4, 4))
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_softmax_goes_back_as_its_formula() -> None:
    x = tf.constant(np.random.default_rng(9).normal(size=(3, 5)))
    dy = np.random.default_rng(10).normal(size=(3, 5))
    for name in ("Softmax", "LogSoftmax"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(tf.raw_ops, name)(logits=x)
        theirs = tape.gradient(y, x, output_gradients=tf.constant(dy))
        known = {"x": x.numpy(), "y": y.numpy(), "dy": dy}
        mine = evaluate(RULES[name].forms[0], known, (3, 5))
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


def test_the_table_knows_the_usual_ops() -> None:
    assert len(RULES) + len(NESTED) >= 70
    for name in RULES:
        assert hasattr(tf.raw_ops, name), name


def test_what_was_broadcast_is_summed() -> None:
    value = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(unbroadcast(value, (4,)), value.sum((0, 1)))
    np.testing.assert_array_equal(unbroadcast(value, (3, 1)), value.sum((0, 2))[:, None])
    np.testing.assert_array_equal(unbroadcast(value, ()), value.sum())
