"""What the optimizer would do to the weights, without doing it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

# Where a model has no optimizer of its own.
PLAIN_RATE = 0.01


def update_norms(
    model: Any, variables: Sequence[Any], gradients: Sequence[np.ndarray | None]
) -> tuple[list[float], str]:
    """The norm of each variable's update.

    The model's optimizer is copied with its state; neither it nor a weight is changed.

    Args:
        model: A `keras.Model`.
        variables: Its trainable variables.
        gradients: Of the loss by each, None where there is none.

    Returns:
        A norm for each; and whose update it is, in words.
    """
    before = [each.numpy().astype(np.float64) for each in variables]
    optimizer = getattr(model, "optimizer", None) if model.compiled else None
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    words = f"a plain gradient step at rate {PLAIN_RATE}, as the model has no optimizer"
    after = None
    if inner is not None:
        try:
            after = _applied(inner, variables, gradients)
            words = f"the model's {type(inner).__name__}"
        except (TypeError, ValueError) as error:
            words = (
                f"a plain gradient step at rate {PLAIN_RATE}, as the model's "
                f"{type(inner).__name__} can't be copied ({type(error).__name__})"
            )
    if after is None:
        after = [
            value if gradient is None else value - PLAIN_RATE * gradient.astype(np.float64)
            for value, gradient in zip(before, gradients, strict=True)
        ]
    moved = zip(before, after, strict=True)
    return [float(np.linalg.norm(new - old)) for old, new in moved], words


def _applied(
    optimizer: Any, variables: Sequence[Any], gradients: Sequence[np.ndarray | None]
) -> list[np.ndarray]:
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    # From the numbers: a variable made from a tf.Variable would be that variable.
    copies = [keras.Variable(each.numpy(), dtype=each.dtype, name=each.name) for each in variables]
    for mine, theirs in zip(copies, variables, strict=True):
        mine.constraint = theirs.constraint
    copy.build(copies)
    if optimizer.built and len(optimizer.variables) == len(copy.variables):
        for mine, theirs in zip(copy.variables, optimizer.variables, strict=True):
            mine.assign(theirs.value)
    pairs = [(g, v) for g, v in zip(gradients, copies, strict=True) if g is not None]
    with warnings.catch_warnings():
        # Of variables without a gradient Keras warns; they are shown as such.
        warnings.simplefilter("ignore")
        copy.apply_gradients([(tf.constant(gradient), each) for gradient, each in pairs])
    return [each.numpy().astype(np.float64) for each in copies]
