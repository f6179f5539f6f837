"""The exponential moving average of weights, advanced once an optimizer step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfviz.errors import InputError


class WeightAverage:
    """Averages of a model's trainable weights, which often generalise better than the last ones.

    average ← m · average + (1 - m) · weight, after each optimizer step; the first step sets the
    average to the weight, as Keras does. Keras's own (`use_ema`) advances at every micro-step when
    gradients are accumulated; this one at every optimizer step.

    Args:
        variables: The weights.
        momentum: m, from 0 up to 1; 0.999 averages over about the last thousand steps.

    Source: B. Polyak, A. Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """

    def __init__(self, variables: Sequence[Any], momentum: float) -> None:
        if not isinstance(momentum, (int, float)) or not 0 <= momentum < 1:
            raise InputError(
                f"average={momentum!r} is the momentum of the weight average, a number from 0 up "
                f"to 1: 0.999 averages over about the last thousand steps."
            )
        self.momentum = float(momentum)
        self.variables = list(variables)
        with tf.init_scope():
            self.averages = [
                tf.Variable(tf.zeros(each.shape, tf.as_dtype(each.dtype)), trainable=False)
                for each in self.variables
            ]
            self.steps = tf.Variable(0, dtype=tf.int64, trainable=False)

    def update(self, stepped: tf.Tensor | bool = True) -> None:
        """Advance by one step; in the graph, after the optimizer.

        Args:
            stepped: False where the optimizer made no step, its loss scale having been too high.
        """
        momentum = tf.where(self.steps > 0, self.momentum, 0.0)
        momentum = tf.where(stepped, momentum, 1.0)
        for average, variable in zip(self.averages, self.variables, strict=True):
            value = tf.convert_to_tensor(variable)
            kept = tf.cast(momentum, value.dtype)
            average.assign(kept * average + (1 - kept) * value)
        self.steps.assign_add(tf.cast(stepped, tf.int64))

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """The model has the averages in the block, and its own weights again after it."""
        if int(self.steps) == 0:
            yield
            return
        own = [tf.identity(tf.convert_to_tensor(each)) for each in self.variables]
        try:
            for variable, average in zip(self.variables, self.averages, strict=True):
                variable.assign(average)
            yield
        finally:
            for variable, value in zip(self.variables, own, strict=True):
                variable.assign(value)
