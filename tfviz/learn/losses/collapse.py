"""How sigmoid with cross-entropy collapses to a - y, and softmax to p - y, step by step.

Every factor is computed by its formula and by the tape, and the two are held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.activations.vectors import checked_logits

AGREES = 1e-6
Z_SIGMOID, Y_SIGMOID = 1.5, 0.0
Z_SOFTMAX, Y_SOFTMAX = (2.0, 1.0, 0.1), 1
FAR = (-20.0, -5.0, -2.0, 0.0, 2.0, 5.0, 20.0)


@dataclass(frozen=True)
class Factor:
    """One factor of the chain rule.

    Attributes:
        name: As 'dL/da'.
        rule: As '(a - y) / (a (1 - a))'.
        value: By the rule.
        tape: By the tape.
    """

    name: str
    rule: str
    value: float
    tape: float

    @property
    def agrees(self) -> bool:
        """Whether rule and tape give the same number."""
        return abs(self.value - self.tape) <= AGREES * max(1.0, abs(self.value))


@dataclass(frozen=True)
class SigmoidCollapse:
    """One logit, a sigmoid, binary cross-entropy.

    Attributes:
        z: The logit.
        y: The label, 0 to 1.
        a: sigmoid(z).
        loss: The cross-entropy.
        factors: dL/da, da/dz and their product dL/dz.
        short: a - y.
        keras: dL/dz by keras.losses.binary_crossentropy(from_logits=True).
        far: For logits further out: z, dL/da, da/dz, product, a - y, and what squared error would
            give in place of cross-entropy.
    """

    z: float
    y: float
    a: float
    loss: float
    factors: tuple[Factor, ...]
    short: float
    keras: float
    far: tuple[tuple[float, ...], ...] = field(repr=False)


@dataclass(frozen=True)
class SoftmaxCollapse:
    """Logits, a softmax, categorical cross-entropy.

    Attributes:
        z: Logits, of shape (n,).
        label: The right class.
        y: Its one-hot row.
        p: softmax(z).
        loss: The cross-entropy.
        by_p: dL/dp_i = -y_i / p_i, by the rule.
        by_p_tape: The same by the tape.
        jacobian: dp_i/dz_j by the rule.
        jacobian_tape: By the tape.
        terms: dL/dp_i * dp_i/dz_j, at [i, j].
        short: p - y.
        tape: dL/dz by the tape, through softmax and log.
        keras: dL/dz by keras.losses.categorical_crossentropy(from_logits=True).
        keras_by_p: dL/dp by Keras's loss from probabilities, which first divides by their sum.
    """

    z: np.ndarray
    label: int
    y: np.ndarray
    p: np.ndarray
    loss: float
    by_p: np.ndarray
    by_p_tape: np.ndarray
    jacobian: np.ndarray
    jacobian_tape: np.ndarray
    terms: np.ndarray
    short: np.ndarray
    tape: np.ndarray
    keras: np.ndarray
    keras_by_p: np.ndarray

    @property
    def furthest(self) -> dict[str, float]:
        """The largest distance of each rule from the tape."""
        return {
            "by_p": float(np.abs(self.by_p - self.by_p_tape).max()),
            "jacobian": float(np.abs(self.jacobian - self.jacobian_tape).max()),
            "sum_of_terms": float(np.abs(self.terms.sum(axis=0) - self.tape).max()),
            "short": float(np.abs(self.short - self.tape).max()),
            "keras": float(np.abs(self.short - self.keras).max()),
        }


def sigmoid_collapse(z: float = Z_SIGMOID, y: float = Y_SIGMOID) -> SigmoidCollapse:
    """Follow the chain rule through cross-entropy and sigmoid.

    Args:
        z: The logit.
        y: The label, 0 to 1.

    Raises:
        InputError: For numbers that can't be.
    """
    if not abs(z) <= 30:
        raise InputError(f"the logit is {z:g}; between -30 and 30 its sigmoid is not yet 0 or 1.")
    if not 0 <= y <= 1:
        raise InputError(f"the label is {y:g}; for yes or no it lies between 0 and 1.")
    found = _sigmoid_at(z, y)
    far = []
    for each in FAR:
        other = _sigmoid_at(each, y)
        by_a, by_z, product = (factor.value for factor in other.factors)
        squared = 2 * (other.a - y) * other.a * (1 - other.a)
        far.append((each, by_a, by_z, product, other.a - y, squared))
    return SigmoidCollapse(**{**vars(found), "far": tuple(far)})


def _sigmoid_at(z: float, y: float) -> SigmoidCollapse:
    import keras
    import tensorflow as tf

    logit = tf.constant([[z]], tf.float64)
    truth = tf.constant([[y]], tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logit)
        activated = tf.sigmoid(logit)
        loss = -(truth * tf.math.log(activated) + (1 - truth) * tf.math.log(1 - activated))
        stable = keras.losses.binary_crossentropy(truth, logit, from_logits=True)
    by_a = float(np.asarray(tape.gradient(loss, activated)).item())
    by_z = float(np.asarray(tape.gradient(activated, logit)).item())
    whole = float(np.asarray(tape.gradient(loss, logit)).item())
    by_keras = float(np.asarray(tape.gradient(stable, logit)).item())
    del tape
    a = float(np.asarray(activated).item())
    first, second = (a - y) / (a * (1 - a)), a * (1 - a)
    factors = (
        Factor("dL/da", "(a - y) / (a (1 - a))", first, by_a),
        Factor("da/dz", "a (1 - a)", second, by_z),
        Factor("dL/dz", "dL/da * da/dz", first * second, whole),
    )
    return SigmoidCollapse(z, y, a, float(np.asarray(loss).item()), factors, a - y, by_keras, ())


def softmax_collapse(
    logits: Sequence[float] = Z_SOFTMAX, label: int = Y_SOFTMAX
) -> SoftmaxCollapse:
    """Follow the chain rule through cross-entropy and softmax.

    Args:
        logits: Two to eight numbers.
        label: The right class.

    Raises:
        InputError: For numbers that can't be.
    """
    import keras
    import tensorflow as tf

    z = checked_logits(logits)
    if len(z) > 8:
        raise InputError(f"{len(z)} classes are more than a step can show; give at most 8.")
    if not 0 <= label < len(z):
        raise InputError(f"the label is {label}, but the classes are 0 to {len(z) - 1}.")
    if np.ptp(z) > 30:
        raise InputError(
            f"the logits lie {np.ptp(z):g} apart; more than 30 leave no digits to look at."
        )
    y = np.eye(len(z))[label]
    at, truth = tf.constant(z), tf.constant(y)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(at)
        p = tf.nn.softmax(at)
        loss = -tf.reduce_sum(truth * tf.math.log(p))
        stable = keras.losses.categorical_crossentropy(truth, at, from_logits=True)
        clipped = keras.losses.categorical_crossentropy(truth, tf.identity(p))
    found = np.asarray(p)
    by_p_tape = np.asarray(tape.gradient(loss, p))
    jacobian_tape = np.asarray(tape.jacobian(p, at))
    whole, by_keras = tape.gradient(loss, at), tape.gradient(stable, at)
    keras_by_p = np.asarray(tape.gradient(clipped, p))
    del tape
    by_p = -y / found
    jacobian = found[:, None] * (np.eye(len(z)) - found[None, :])
    return SoftmaxCollapse(
        z=z,
        label=int(label),
        y=y,
        p=found,
        loss=float(np.asarray(loss)),
        by_p=by_p,
        by_p_tape=by_p_tape,
        jacobian=jacobian,
        jacobian_tape=jacobian_tape,
        terms=by_p[:, None] * jacobian,
        short=found - y,
        tape=np.asarray(whole),
        keras=np.asarray(by_keras),
        keras_by_p=keras_by_p,
    )


def collapse_numbers(found: Any) -> dict[str, Any]:
    """A collapse as numbers, with whether all agrees."""
    numbers = dict(vars(found))
    if isinstance(found, SigmoidCollapse):
        numbers["agrees"] = all(each.agrees for each in found.factors)
    else:
        numbers["furthest"] = found.furthest
    return {"collapse": numbers}
