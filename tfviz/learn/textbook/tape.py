"""The textbook's layers again in TensorFlow, whose tape differentiates them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.textbook.layers import Affine, ReLU, Sigmoid, SoftmaxWithLoss
from tfviz.learn.textbook.network import TwoLayerNet

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

KNOWN = (Affine, Sigmoid, ReLU, SoftmaxWithLoss, TwoLayerNet)


def tape_gradients(
    layer: Any, x: np.ndarray, t: ArrayLike | None, dout: np.ndarray
) -> dict[str, np.ndarray]:
    """Gradients of x and of all parameters, by `tf.GradientTape` in float64.

    Args:
        layer: One of the textbook's.
        x: What goes in.
        t: Targets, of a loss.
        dout: The gradient that comes back.

    Raises:
        InputError: For a layer that isn't of the textbook.
    """
    if not isinstance(layer, KNOWN):
        names = ", ".join(each.__name__ for each in KNOWN)
        raise InputError(
            f"TensorFlow's tape can be asked for {names}, not for {type(layer).__name__}; leave "
            "out tape=True."
        )
    import tensorflow as tf

    parameters = layer.parameters() if isinstance(layer, Affine | TwoLayerNet) else {}
    variables = {"x": tf.Variable(x)} | {n: tf.Variable(each) for n, each in parameters.items()}
    with tf.GradientTape() as tape:
        out = _again(layer, variables, t)
    found = tape.gradient(out, variables, output_gradients=tf.constant(dout, tf.float64))
    return {name: each.numpy() for name, each in found.items()}


def _again(layer: Any, variables: dict[str, Any], t: ArrayLike | None) -> Any:
    import tensorflow as tf

    x = variables["x"]
    if isinstance(layer, Affine):
        return _affine(x, variables["W"], variables["b"])
    if isinstance(layer, Sigmoid):
        return tf.sigmoid(x)
    if isinstance(layer, ReLU):
        return tf.nn.relu(x)
    if isinstance(layer, SoftmaxWithLoss):
        return _softmax_loss(x, t)
    hidden = tf.nn.relu(_affine(x, variables["W1"], variables["b1"]))
    return _softmax_loss(_affine(hidden, variables["W2"], variables["b2"]), t)


def _affine(x: Any, W: Any, b: Any) -> Any:
    import tensorflow as tf

    rows = tf.reshape(x, (1 if len(x.shape) == 1 else x.shape[0], -1))
    out = tf.matmul(rows, W) + b
    return out[0] if len(x.shape) == 1 else out


def _softmax_loss(x: Any, t: ArrayLike | None) -> Any:
    import tensorflow as tf

    targets = np.asarray(t)
    if targets.shape == tuple(x.shape):
        losses = tf.nn.softmax_cross_entropy_with_logits(
            labels=tf.constant(targets, tf.float64), logits=x
        )
    else:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.constant(targets, tf.int32), logits=x
        )
    return tf.reduce_mean(losses)
