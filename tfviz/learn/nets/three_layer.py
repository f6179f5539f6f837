"""A three-layer net with bias units and cross-entropy, over all samples at once, in float64.

    a2 = s([1 X] theta1^T)    a3 = s([1 a2] theta2^T)
    J = 1/m sum(-y log(a3) - (1 - y) log(1 - a3)) + lambda/(2m) sum(theta**2 without bias columns)
    delta3 = a3 - y           delta2 = (delta3 theta2) without its bias column * s'(z2)

Samples are rows. For one sample as a column this is delta2 = theta2^T delta3 * s'(z2).

Source: Ng, "Machine Learning", Stanford/Coursera, exercise 4, which also has the made-up numbers
that are the defaults (sines, so that everyone has the same).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NUDGE = 1e-4


@dataclass(frozen=True)
class Pass:
    """All that one pass forward and back computes.

    Attributes:
        x: (samples, features + 1), ones in front.
        z2: (samples, hidden).
        a2: (samples, hidden + 1), ones in front.
        z3: (samples, outputs).
        a3: (samples, outputs).
        cost: J.
        delta3: (samples, outputs).
        back: (samples, hidden + 1): delta3 theta2, with the bias column that goes nowhere.
        slope: (samples, hidden): s'(z2).
        delta2: (samples, hidden).
        gradient1: Like theta1.
        gradient2: Like theta2.
    """

    x: np.ndarray
    z2: np.ndarray
    a2: np.ndarray
    z3: np.ndarray
    a3: np.ndarray
    cost: float
    delta3: np.ndarray
    back: np.ndarray
    slope: np.ndarray
    delta2: np.ndarray
    gradient1: np.ndarray
    gradient2: np.ndarray


def sines(rows: int, columns: int) -> np.ndarray:
    """sin(1), sin(2), ... column by column, divided by 10."""
    return np.sin(np.arange(1, rows * columns + 1)).reshape((rows, columns), order="F") / 10


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), where exp can't overflow."""
    return np.exp(-np.logaddexp(0, -x))


def ones_before(x: np.ndarray) -> np.ndarray:
    """With a column of ones in front: the bias unit."""
    return np.hstack([np.ones((len(x), 1)), x])


def cost_of(
    theta1: np.ndarray, theta2: np.ndarray, x: np.ndarray, y: np.ndarray, regularisation: float
) -> float:
    """J, forward only.

    Args:
        theta1: (hidden, features + 1).
        theta2: (outputs, hidden + 1).
        x: (samples, features).
        y: (samples, outputs), from 0 to 1.
        regularisation: lambda.
    """
    a2 = sigmoid(ones_before(x) @ theta1.T)
    z3 = ones_before(a2) @ theta2.T
    # -log(s(z)) and -log(1 - s(z)), which don't overflow in this form.
    entropy = y * np.logaddexp(0, -z3) + (1 - y) * np.logaddexp(0, z3)
    weights = (theta1[:, 1:] ** 2).sum() + (theta2[:, 1:] ** 2).sum()
    return float(entropy.sum() / len(x) + regularisation * weights / (2 * len(x)))


def through(
    theta1: np.ndarray, theta2: np.ndarray, x: np.ndarray, y: np.ndarray, regularisation: float
) -> Pass:
    """Forward and back; arguments as of `cost_of`."""
    m = len(x)
    with_ones = ones_before(x)
    z2 = with_ones @ theta1.T
    hidden = sigmoid(z2)
    a2 = ones_before(hidden)
    z3 = a2 @ theta2.T
    a3 = sigmoid(z3)
    delta3 = a3 - y
    back = delta3 @ theta2
    slope = hidden * (1 - hidden)
    delta2 = back[:, 1:] * slope
    decay1, decay2 = (regularisation / m * theta for theta in (theta1, theta2))
    # Biases aren't held back.
    decay1[:, 0] = decay2[:, 0] = 0
    return Pass(
        with_ones,
        z2,
        a2,
        z3,
        a3,
        cost_of(theta1, theta2, x, y, regularisation),
        delta3,
        back,
        slope,
        delta2,
        delta2.T @ with_ones / m + decay1,
        delta3.T @ a2 / m + decay2,
    )


def nudged(
    theta1: np.ndarray, theta2: np.ndarray, x: np.ndarray, y: np.ndarray, regularisation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both gradients by central differences, one weight after the other."""
    found = []
    thetas = [theta1.copy(), theta2.copy()]
    for theta in thetas:
        slopes = np.zeros_like(theta)
        for place in np.ndindex(*theta.shape):
            before = theta[place]
            costs = []
            for side in (NUDGE, -NUDGE):
                theta[place] = before + side
                costs.append(cost_of(thetas[0], thetas[1], x, y, regularisation))
            theta[place] = before
            slopes[place] = (costs[0] - costs[1]) / (2 * NUDGE)
        found.append(slopes)
    return found[0], found[1]


def on_tape(
    theta1: np.ndarray, theta2: np.ndarray, x: np.ndarray, y: np.ndarray, regularisation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both gradients by TensorFlow's tape, in float64."""
    import tensorflow as tf

    first, second = tf.Variable(theta1), tf.Variable(theta2)
    ones = tf.ones((len(x), 1), tf.float64)
    with tf.GradientTape() as tape:
        a2 = tf.sigmoid(tf.matmul(tf.concat([ones, x], 1), first, transpose_b=True))
        z3 = tf.matmul(tf.concat([ones, a2], 1), second, transpose_b=True)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(y), logits=z3)
        weights = tf.reduce_sum(first[:, 1:] ** 2) + tf.reduce_sum(second[:, 1:] ** 2)
        cost = tf.reduce_sum(entropy) / len(x) + regularisation * weights / (2 * len(x))
    gradients = tape.gradient(cost, [first, second])
    return gradients[0].numpy(), gradients[1].numpy()


def apart(found: np.ndarray, wanted: np.ndarray) -> float:
    """How far two gradients are apart, relative to their length: |f - w| / |f + w|."""
    whole = float(np.linalg.norm(found + wanted))
    return float(np.linalg.norm(found - wanted)) / whole if whole else 0.0
