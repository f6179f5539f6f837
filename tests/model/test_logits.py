from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfviz.model.logits import Logits, find_logits, upstream

X = np.random.default_rng(3).normal(size=(2, 3, 4)).astype("float32") * 3


def walk_back(make: Callable[[tf.Tensor], tf.Tensor], x: np.ndarray = X) -> Any:
    """(logits found, their values, the output's values) of a traced function."""
    found: list[Logits] = []

    @tf.function(autograph=False)
    def traced(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        output = make(x * 1.0)
        found.append(find_logits(output))
        return found[-1].tensor, output

    values, output = traced(tf.constant(x))
    return found[-1], values.numpy(), output.numpy()


def test_the_logit_of_a_softmax_is_its_input() -> None:
    found, values, _ = walk_back(tf.nn.softmax)
    np.testing.assert_array_equal(values, X)
    assert found.how == "the logit: the input of the final softmax"


def test_the_logit_of_a_sigmoid_is_its_input() -> None:
    found, values, _ = walk_back(tf.sigmoid)
    np.testing.assert_array_equal(values, X)
    assert found.activation == "sigmoid"


def test_the_logit_of_a_log_softmax_is_its_input() -> None:
    found, values, _ = walk_back(tf.nn.log_softmax)
    np.testing.assert_array_equal(values, X)
    assert found.activation == "log-softmax"


def test_a_saturated_softmax_gives_back_logits_that_its_probabilities_have_lost() -> None:
    x = np.array([[200.0, 50.0, 0.0]], "float32")
    _, values, output = walk_back(tf.nn.softmax, x)
    np.testing.assert_array_equal(output, [[1, 0, 0]])
    np.testing.assert_array_equal(values, x)


@pytest.mark.parametrize(
    "after",
    [
        lambda y: tf.reshape(y, (2, 12)),
        lambda y: tf.reshape(y, (-1, 4)),
        lambda y: tf.transpose(y, (2, 0, 1)),
        lambda y: tf.squeeze(tf.expand_dims(y, 1), 1),
        lambda y: tf.expand_dims(y, -1),
        lambda y: tf.reshape(tf.transpose(tf.identity(y), (0, 2, 1)), (2, 2, 6)),
        lambda y: tf.identity_n([y * 2, y])[1],
    ],
    ids=["reshape", "flatten", "transpose", "squeeze", "expand", "three", "identity_n"],
)
def test_logits_have_the_places_of_the_output_they_belong_to(
    after: Callable[[tf.Tensor], tf.Tensor],
) -> None:
    found, values, output = walk_back(lambda x: after(tf.sigmoid(x)))
    assert found.activation == "sigmoid"
    np.testing.assert_allclose(1 / (1 + np.exp(-values.astype("float64"))), output, atol=1e-6)


def test_a_cast_after_the_softmax_is_walked_through() -> None:
    found, values, _ = walk_back(lambda x: tf.cast(tf.nn.softmax(x), tf.float16))
    assert found.activation == "softmax"
    np.testing.assert_array_equal(values, X)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_softmax_over_another_axis_gives_logits_in_the_shape_of_the_output(axis: int) -> None:
    found, values, _ = walk_back(lambda x: tf.nn.softmax(x, axis=axis))
    assert found.activation == "softmax"
    np.testing.assert_array_equal(values, X)


@pytest.mark.skipif(
    keras.__version__ < "3.13", reason="ops.softmax of Keras 3.12 mixes up two axes"
)
def test_a_keras_softmax_over_two_axes_gives_logits_in_the_shape_of_the_output() -> None:
    found, values, _ = walk_back(lambda x: keras.ops.softmax(x, axis=(1, 2)))
    assert found.activation == "softmax"
    np.testing.assert_array_equal(values, X)


@pytest.mark.parametrize(
    "last",
    [tf.nn.relu, tf.tanh, lambda x: tf.nn.softmax(x) * 2, lambda x: tf.sigmoid(x)[:, 0]],
    ids=["relu", "tanh", "scaled", "sliced"],
)
def test_an_output_that_ends_in_something_else_is_the_score_itself(
    last: Callable[[tf.Tensor], tf.Tensor],
) -> None:
    found, values, output = walk_back(last)
    np.testing.assert_array_equal(values, output)
    assert found.activation is None
    squashed = "further up" in found.how
    assert squashed == (last not in (tf.nn.relu, tf.tanh))
    if not squashed:
        assert found.how == "the model's output as it is: it ends in no softmax or sigmoid"


def test_the_tensors_between_output_and_logit_are_listed() -> None:
    with tf.Graph().as_default():
        logit = tf.zeros((2, 3))
        soft = tf.nn.softmax(logit)
        output = tf.reshape(soft, (3, 2))
        assert find_logits(output).passed == {output.name, soft.name, logit.name}


def test_upstream_is_what_a_tensor_depends_on_and_nothing_beside_it() -> None:
    with tf.Graph().as_default():
        a, b = tf.constant(1.0, name="a"), tf.constant(2.0, name="b")
        tf.add(a, b, name="beside")
        c = tf.multiply(a, a, name="c")
        assert upstream(c) == {"a", "c"}
