"""Softmax and its kin: activations of a whole vector, whose derivative is a matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.activations.names import Activation, parse
from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOGITS = (2.0, 1.2, 0.1, -1.0)
MOST = 100
WRITTEN = 8
"""Up to so many classes their numbers are written out."""
AGREES = 1e-9
WRONG = 1e-6
RULES = {
    "softmax": "dp_i/dz_j = p_i (d_ij - p_j)",
    "log_softmax": "dy_i/dz_j = d_ij - p_j, p = exp(y)",
    "sparsemax": "dp_i/dz_j = d_ij - 1/k among the k that are not 0, else 0",
}


@dataclass(frozen=True)
class VectorActivation(Lesson):
    """An activation of a vector, with its Jacobian as a matrix.

    Attributes:
        name: As in Keras.
        activation: Which.
        logits: z, of shape (n,).
        outputs: Of shape (n,).
        truth: The outputs by the definition, of shape (n,); None where we know none.
        jacobian: d output_i / d z_j by the tape, of shape (n, n).
        formula: The same by the known rule at the true outputs; None where we know none.
        differences: The same by central differences of what Keras gives.
    """

    name: str
    activation: Activation
    logits: np.ndarray = field(repr=False)
    outputs: np.ndarray = field(repr=False)
    truth: np.ndarray | None = field(repr=False)
    jacobian: np.ndarray = field(repr=False)
    formula: np.ndarray | None = field(repr=False)
    differences: np.ndarray = field(repr=False)

    @property
    def rule(self) -> str:
        """The Jacobian in letters."""
        return RULES.get(self.name, "")

    @property
    def off_rule(self) -> float | None:
        """The largest distance of the tape from the rule."""
        return None if self.formula is None else float(np.abs(self.jacobian - self.formula).max())

    @property
    def rule_told(self) -> str:
        """How near the tape is to the rule, in words."""
        off = self.off_rule or 0.0
        return near(off) if off <= AGREES else "not what the tape gives"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where Keras is wrong, one sentence each."""
        if self.truth is None or np.abs(self.outputs - self.truth).max() < WRONG:
            return ()
        import keras

        told = [f"{each:.3g}" for each in self.truth[:WRITTEN]]
        more = ", ..." if len(self.truth) > WRITTEN else ""
        return (
            f"Keras {keras.__version__} is wrong here: its {self.name} adds up to "
            f"{float(self.outputs.sum()):.3g}; by the definition it is {', '.join(told)}{more}.",
        )

    @property
    def off_differences(self) -> float:
        """The largest distance of the tape from central differences."""
        return float(np.abs(self.jacobian - self.differences).max())

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be seen."""
        diagonal = np.diag(self.jacobian)
        off = self.jacobian[~np.eye(len(self.logits), dtype=bool)]
        said = []
        if self.name == "softmax":
            if (diagonal > 0).all() and (off < 0).all():
                said.append("Positive on the diagonal, negative off it: what one gains, all lose.")
            said.append(
                f"Each row adds up to {_zero(self.jacobian.sum(axis=1))}, each column to "
                f"{_zero(self.jacobian.sum(axis=0))}: adding the same to all logits changes nothing"
                ", and the sum stays 1."
            )
        elif self.name == "sparsemax" and not self.warnings:
            kept = int((self.outputs > 0).sum())
            said.append(
                f"{kept} of {len(self.outputs)} are not exactly 0; to the others no gradient flows."
            )
        elif self.name == "log_softmax":
            said.append(
                "Each row is that of the identity less p: the diagonal 1 - p_j never overflows, "
                "and a small p does no harm."
            )
        if self.off_rule is not None and self.off_rule > AGREES and not self.warnings:
            said.append(
                "The tape is off the rule here: these logits lie on a corner of "
                f"{self.name}, where several matrices are fair; move one a little."
            )
        return tuple(said)

    def numbers(self) -> dict[str, Any]:
        """The vector, its outputs, and the matrix three times."""
        return {
            "activation": self.name,
            "formula_text": self.activation.formula,
            "rule": self.rule,
            "logits": self.logits,
            "outputs": self.outputs,
            "by_definition": self.truth,
            "jacobian": self.jacobian,
            "by_rule": self.formula,
            "by_differences": self.differences,
            "furthest": {"rule": self.off_rule, "differences": self.off_differences},
            "row_sums": self.jacobian.sum(axis=1),
            "column_sums": self.jacobian.sum(axis=0),
            "warnings": self.warnings,
            "sentences": self.sentences,
        }

    def __str__(self) -> str:
        import textwrap

        count = len(self.logits)
        shown = min(count, WRITTEN)
        more = "" if count == shown else f"   (the first {shown} of {count})"
        lines = [
            f"{self.name}   {self.activation.formula}",
            f"  {self.activation.told}",
            "",
            f"  {'z':<8}" + "".join(f"{each:>8.4g}" for each in self.logits[:shown]) + more,
            f"  {'output':<8}" + "".join(f"{each:>8.4f}" for each in self.outputs[:shown]),
            "",
            f"  d output_i / d z_j, by the tape: row i, column j{more}",
        ]
        for row in self.jacobian[:shown]:
            lines.append(" " * 10 + "".join(f"{each:>8.4f}" for each in row[:shown]))
        lines.append("")
        if self.off_rule is not None:
            lines.append(f"  {self.rule}: {self.rule_told}")
        lines.append(f"  central differences: {near(self.off_differences)}")
        for sentence in (*self.warnings, *self.sentences):
            mark = "  ! " if sentence in self.warnings else "  "
            lines.append(
                textwrap.fill(sentence, 79, initial_indent=mark, subsequent_indent=" " * len(mark))
            )
        return "\n".join(lines)

    def figure(self) -> Figure:
        """The outputs as bars, the Jacobian as a matrix."""
        from tfviz.learn.activations.vectors_picture import draw

        return draw(self)


def vector_lesson(name: str, logits: Sequence[float] | str = LOGITS) -> VectorActivation:
    """An activation of a vector, at given logits.

    Args:
        name: 'softmax', 'log_softmax' or 'sparsemax'.
        logits: At least two finite numbers, or a text of them with commas between.

    Raises:
        InputError: For logits that can't be.
    """
    import tensorflow as tf

    activation = parse(name)
    z = checked_logits(logits)
    at = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(at)
        outputs = activation.function(at[tf.newaxis])[0]
    jacobian = np.asarray(tape.jacobian(outputs, at))
    truth = _by_definition(activation.name, z)
    step = 1e-6
    nudged = z + step * np.concatenate([np.eye(len(z)), -np.eye(len(z))])
    found = np.asarray(activation.function(tf.constant(nudged)))
    differences = ((found[: len(z)] - found[len(z) :]) / (2 * step)).T
    return VectorActivation(
        name=activation.name,
        activation=activation,
        logits=z,
        outputs=np.asarray(outputs),
        jacobian=jacobian,
        formula=None if truth is None else _by_rule(activation.name, truth),
        truth=truth,
        differences=differences,
    )


def near(off: float) -> str:
    """A distance from the tape, in words."""
    return f"within {off:.0e} of the tape" if off else "exactly what the tape gives"


def checked_logits(logits: Any) -> np.ndarray:
    """Logits as float64 of shape (n,).

    Raises:
        InputError: If they are no vector of at least two finite numbers.
    """
    if isinstance(logits, str):
        logits = [each for each in logits.split(",") if each.strip()]
    try:
        z = np.asarray(logits, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"logits are numbers, as in 2, 1, 0.1; these are {logits!r}.") from error
    if z.ndim != 1:
        raise InputError(
            f"logits are one row of numbers, as in [2.0, 1.0, 0.1]; these have shape {z.shape}."
        )
    if len(z) < 2:
        raise InputError(
            f"{len(z)} {'logit is' if len(z) == 1 else 'logits are'} too few: the softmax of one "
            "number is always 1. Give two or more, or look at sigmoid."
        )
    if len(z) > MOST:
        raise InputError(f"{len(z)} logits are more than a picture holds; give at most {MOST}.")
    if not np.isfinite(z).all():
        bad = next(each for each in z.tolist() if not math.isfinite(each))
        raise InputError(f"a logit is {bad}; give finite numbers.")
    return z


def _by_definition(name: str, z: np.ndarray) -> np.ndarray | None:
    """The outputs as the papers have them, in float64, to hold Keras's against."""
    less = z - z.max()
    if name == "softmax":
        return np.exp(less) / np.exp(less).sum()
    if name == "log_softmax":
        return less - math.log(np.exp(less).sum())
    if name == "sparsemax":  # Martins and Astudillo 2016, algorithm 1
        ordered = np.sort(z)[::-1]
        sums = np.cumsum(ordered)
        kept = int((1 + np.arange(1, len(z) + 1) * ordered > sums).sum())
        return np.maximum(z - (sums[kept - 1] - 1) / kept, 0)
    return None


def _by_rule(name: str, outputs: np.ndarray) -> np.ndarray | None:
    identity = np.eye(len(outputs))
    if name == "softmax":
        return outputs[:, None] * (identity - outputs[None, :])
    if name == "log_softmax":
        return identity - np.exp(outputs)[None, :]
    if name == "sparsemax":
        kept = (outputs > 0).astype(float)
        return np.diag(kept) - np.outer(kept, kept) / kept.sum()
    return None


def _zero(sums: np.ndarray) -> str:
    largest = float(np.abs(sums).max())
    return "0" if largest < 1e-12 else f"{largest:.2g}"
