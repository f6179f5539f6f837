"""The line that a tape loop fits: small enough to work out by hand what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

RATE = 0.6
STEPS = 20
POINTS = 16
START = (0.0, 2.0)


class Line:
    """The line that is fitted, with its points."""

    def __init__(self) -> None:
        self.x = tf.linspace(-1.0, 1.0, POINTS)
        self.y = 3.0 * self.x - 1.0
        self.w = keras.Variable(START[0], name="w")
        self.b = keras.Variable(START[1], name="b")
        self.optimizer = keras.optimizers.SGD(RATE)
        self.optimizer.build(self.variables)

    @property
    def variables(self) -> list[Any]:
        """What is trained."""
        return [self.w, self.b]

    def residuals(self) -> tf.Tensor:
        """How far the line is from each point."""
        return self.w.value * self.x + self.b.value - self.y

    def loss(self) -> tf.Tensor:
        """The mean of squares."""
        return tf.reduce_mean(tf.square(self.residuals()))

    def gradients(self) -> list[tf.Tensor]:
        """Of the loss, by a tape of their own."""
        with tf.GradientTape() as tape:
            loss = self.loss()
        return list(tape.gradient(loss, [each.value for each in self.variables]))

    def apply(self, gradients: list[Any]) -> None:
        """What an optimizer does with them."""
        self.optimizer.apply(gradients, self.variables)


def right_losses() -> tuple[float, ...]:
    """The loop as it should be."""
    return losses_of(lambda line: line.apply(line.gradients()))


def losses_of(step: Callable[[Line], Any], line: Line | None = None) -> tuple[float, ...]:
    """The loss before each step and after the last.

    Args:
        step: What is done, right or wrong, with the line.
        line: A new one where None is given.
    """
    line = line or Line()
    found = [float(line.loss())]
    for _ in range(STEPS):
        step(line)
        found.append(float(line.loss()))
    return tuple(found)


def said_by(call: Callable[[], Any]) -> str:
    """The type and the first sentence of the error that a call raises."""
    try:
        call()
    except Exception as error:  # whatever TensorFlow raises is what is to be shown
        line = next((each.strip() for each in str(error).splitlines() if each.strip()), "")
        return f"{type(error).__name__}: {line}"
    return ""
