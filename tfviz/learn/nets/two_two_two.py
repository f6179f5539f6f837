"""The 2-2-2 net of sigmoids: forward, backward and one step of gradient descent, in float64.

    net_h1 = w1*i1 + w2*i2 + b1     out_h1 = sigmoid(net_h1)     h2 with w3, w4
    net_o1 = w5*h1 + w6*h2 + b2     out_o1 = sigmoid(net_o1)     o2 with w7, w8
    E = (t1 - out_o1)**2 / 2 + (t2 - out_o2)**2 / 2

Source: Mazur, "A step by step backpropagation example", 2015, whose numbers are the defaults.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

INPUTS = (0.05, 0.10)
TARGETS = (0.01, 0.99)
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
BIASES = (0.35, 0.60)
RATE = 0.5
STEPS = 10_000

Pair = tuple[float, float]


class Forward(NamedTuple):
    """What a forward pass computes."""

    hidden_net: Pair
    hidden: Pair
    output_net: Pair
    output: Pair
    errors: Pair
    error: float


@dataclass(frozen=True)
class Gradients:
    """What a backward pass computes.

    Attributes:
        output_delta: dE/dnet of both outputs.
        hidden_sum: dE/dout of both hidden units: the sums over both outputs.
        hidden_delta: dE/dnet of both hidden units.
        weights: dE/dw1 to dE/dw8.
        biases: dE/db1 and dE/db2; each bias is one number for both its units, so it is the sum
            of their deltas.
    """

    output_delta: Pair
    hidden_sum: Pair
    hidden_delta: Pair
    weights: tuple[float, ...]
    biases: Pair


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), also where exp would overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def forward(
    inputs: Sequence[float],
    targets: Sequence[float],
    weights: Sequence[float],
    biases: Sequence[float],
) -> Forward:
    """From the inputs to the error."""
    i1, i2 = inputs
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    hidden_net = w1 * i1 + w2 * i2 + biases[0], w3 * i1 + w4 * i2 + biases[0]
    h1, h2 = hidden = sigmoid(hidden_net[0]), sigmoid(hidden_net[1])
    output_net = w5 * h1 + w6 * h2 + biases[1], w7 * h1 + w8 * h2 + biases[1]
    output = sigmoid(output_net[0]), sigmoid(output_net[1])
    errors = (targets[0] - output[0]) ** 2 / 2, (targets[1] - output[1]) ** 2 / 2
    return Forward(hidden_net, hidden, output_net, output, errors, errors[0] + errors[1])


def backward(
    inputs: Sequence[float], targets: Sequence[float], weights: Sequence[float], at: Forward
) -> Gradients:
    """From the error back to every weight; w5 to w8 are those that the forward pass used."""
    h1, h2 = at.hidden
    w5, w6, w7, w8 = weights[4:]
    d1, d2 = ((o - t) * o * (1 - o) for o, t in zip(at.output, targets, strict=True))
    s1, s2 = d1 * w5 + d2 * w7, d1 * w6 + d2 * w8
    e1, e2 = s1 * h1 * (1 - h1), s2 * h2 * (1 - h2)
    i1, i2 = inputs
    return Gradients(
        (d1, d2),
        (s1, s2),
        (e1, e2),
        (e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2),
        (e1 + e2, d1 + d2),
    )


def descend(numbers: Sequence[float], gradients: Sequence[float], rate: float) -> list[float]:
    """One step of gradient descent."""
    return [w - rate * g for w, g in zip(numbers, gradients, strict=True)]


@dataclass(frozen=True)
class Training:
    """What came of many steps.

    Attributes:
        errors: Before the first step, and after each one.
        output: Of both outputs, at the end.
        weights: At the end.
        biases: At the end.
    """

    errors: tuple[float, ...]
    output: Pair
    weights: tuple[float, ...]
    biases: Pair


def train(
    inputs: Sequence[float],
    targets: Sequence[float],
    weights: Sequence[float],
    biases: Sequence[float],
    *,
    rate: float,
    steps: int,
    update_bias: bool = False,
    output_first: bool = False,
) -> Training:
    """Steps of gradient descent, one after the other, on the one sample there is.

    Args:
        inputs: i1, i2.
        targets: t1, t2.
        weights: w1 to w8.
        biases: b1, b2.
        rate: The learning rate.
        steps: How many.
        update_bias: Whether the biases learn as well.
        output_first: Update w5 to w8 first and send the error back through the new ones. That
            is no gradient of any one error, but some programs do it, the one behind the
            published outputs among them.
    """
    weights, biases = list(weights), list(biases)
    at = forward(inputs, targets, weights, biases)
    errors = [at.error]
    for _ in range(steps):
        found = backward(inputs, targets, weights, at)
        new = descend(weights, found.weights, rate)
        if output_first:
            late = backward(inputs, targets, [*weights[:4], *new[4:]], at)
            new[:4] = descend(weights[:4], late.weights[:4], rate)
        weights = new
        if update_bias:
            biases = descend(biases, found.biases, rate)
        at = forward(inputs, targets, weights, biases)
        errors.append(at.error)
    return Training(tuple(errors), at.output, tuple(weights), (biases[0], biases[1]))


def nudged(
    inputs: Sequence[float],
    targets: Sequence[float],
    weights: Sequence[float],
    biases: Sequence[float],
    nudge: float = 1e-5,
) -> tuple[float, ...]:
    """How the error moves with each weight and bias: central differences, w1 to w8, b1, b2."""
    numbers = [*weights, *biases]
    slopes = []
    for index in range(len(numbers)):
        errors = []
        for side in (nudge, -nudge):
            moved = list(numbers)
            moved[index] += side
            errors.append(forward(inputs, targets, moved[:8], moved[8:]).error)
        slopes.append((errors[0] - errors[1]) / (2 * nudge))
    return tuple(slopes)


def on_tape(
    inputs: Sequence[float],
    targets: Sequence[float],
    weights: Sequence[float],
    biases: Sequence[float],
) -> tuple[float, ...]:
    """The same gradients by TensorFlow's tape, in float64: w1 to w8, b1, b2."""
    import tensorflow as tf

    x, t = (tf.constant([each], tf.float64) for each in (inputs, targets))
    first, second = (
        tf.Variable([w[:2], w[2:]], dtype=tf.float64) for w in (weights[:4], weights[4:])
    )
    b1, b2 = (tf.Variable(each, dtype=tf.float64) for each in biases)
    with tf.GradientTape() as tape:
        hidden = tf.sigmoid(tf.matmul(x, first, transpose_b=True) + b1)
        output = tf.sigmoid(tf.matmul(hidden, second, transpose_b=True) + b2)
        error = tf.reduce_sum((t - output) ** 2) / 2
    found = tape.gradient(error, [first, second, b1, b2])
    return tuple(float(each) for part in found for each in tf.reshape(part, [-1]))
