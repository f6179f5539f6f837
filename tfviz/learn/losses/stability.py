"""The same cross-entropy computed in several ways in float32, and where each breaks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.lesson import Lesson
from tfviz.learn.losses.curves import aligned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FURTHEST, STEP = 110.0, 0.25
SHOWN = (0.0, 10.0, 16.0, 17.0, 20.0, 50.0, 90.0, 110.0)
BEHIND = (
    "Keras looks behind a sigmoid or softmax that comes just before it for the logits; any "
    "operation in between hides them."
)
TRUE = 0.01
"""A loss or gradient counts as broken when it is further than this from the truth, in parts."""


@dataclass(frozen=True)
class Form:
    """One way to compute a loss.

    Attributes:
        name: In words.
        code: As one would write it.
        loss: In float32, at each logit.
        gradient: By the tape, at each logit.
        loss_breaks: The first logit from which the loss is not within 1 % of the truth; None if
            it is everywhere.
        gradient_breaks: The same for the gradient.
        ends_as: What the gradient is at the last logit.
    """

    name: str
    code: str
    loss: np.ndarray = field(repr=False)
    gradient: np.ndarray = field(repr=False)
    loss_breaks: float | None
    gradient_breaks: float | None
    ends_as: float

    @property
    def then(self) -> str:
        """What the gradient is where it is true no more, in the order of the logits."""
        if self.gradient_breaks is None:
            return "true"
        no_numbers = self.gradient[~np.isfinite(self.gradient)]
        return ", ".join(dict.fromkeys(f"{each:g}" for each in no_numbers)) or f"{self.ends_as:g}"


@dataclass(frozen=True)
class Stability(Lesson):
    """Stable and unstable forms side by side, the model being more and more sure, and wrong.

    Attributes:
        name: Of the files.
        loss: 'binary_crossentropy' or 'categorical_crossentropy'.
        setting: What is computed, in words.
        logits: Of shape (n,).
        true_loss: In float64.
        true_gradient: In float64.
        forms: The ways.
    """

    name: str
    loss: str
    setting: str
    logits: np.ndarray = field(repr=False)
    true_loss: np.ndarray = field(repr=False)
    true_gradient: np.ndarray = field(repr=False)
    forms: tuple[Form, ...]

    def numbers(self) -> dict[str, Any]:
        """Losses and gradients of every form."""
        return {
            "loss": self.loss,
            "setting": self.setting,
            "remark": BEHIND,
            "logits": self.logits,
            "true_loss": self.true_loss,
            "true_gradient": self.true_gradient,
            "forms": self.forms,
        }

    @property
    def table(self) -> tuple[tuple[str, ...], ...]:
        """Where each form breaks, as rows of text."""
        rows = [("in float32", "loss true up to", "gradient up to", "then")]
        for form in self.forms:
            rows.append(
                (
                    form.name,
                    _up_to(form.loss_breaks),
                    _up_to(form.gradient_breaks),
                    form.then,
                )
            )
        return tuple(rows)

    def __str__(self) -> str:
        lines = [
            f"{self.loss}, stable and unstable",
            textwrap.fill(self.setting, 79, initial_indent="  ", subsequent_indent="  "),
            "",
            aligned(self.table),
            "",
        ]
        width = max(len(form.name) for form in self.forms)
        columns = [int(np.argmin(np.abs(self.logits - z))) for z in SHOWN]
        lines.append(
            "  "
            + "gradient at z =".ljust(width)
            + "".join(f"{self.logits[each]:>6g}" for each in columns)
        )
        for form in self.forms:
            lines.append(
                "  "
                + form.name.ljust(width)
                + "".join(f"{_brief(form.gradient[each]):>6}" for each in columns)
            )
        lines.append("")
        lines += [f"  {form.name.ljust(width)}  {form.code}" for form in self.forms]
        lines += ["", textwrap.fill(BEHIND, 79, initial_indent="  ", subsequent_indent="  ")]
        return "\n".join(lines)

    def figure(self) -> Figure:
        """Loss and gradient over the logit, each form a line that ends where it breaks."""
        from tfviz.draw.figure import new_figure, plain
        from tfviz.learn.palette import FAINT, INK, slide

        with slide():
            figure = new_figure(12.8, 7.2)
            figure.text(
                0.03,
                0.945,
                f"{self.loss}: stable and unstable",
                fontsize=22,
                weight="bold",
                va="center",
            )
            figure.text(0.03, 0.89, plain(self.setting), fontsize=13, color=FAINT, va="center")
            grid = figure.add_gridspec(
                1, 2, left=0.06, right=0.98, top=0.8, bottom=0.4, wspace=0.14
            )
            self._lines(figure.add_subplot(grid[0, 0]), "loss")
            self._lines(figure.add_subplot(grid[0, 1]), "gradient")
            figure.text(0.03, 0.035, BEHIND, fontsize=13, va="center")
            lefts = (0.03, 0.1, 0.43, 0.62, 0.8)
            heads = ("", "in float32", "loss true up to z", "gradient true up to z", "then it is")
            for left, head in zip(lefts, heads, strict=True):
                figure.text(left, 0.31, head, fontsize=13, color=FAINT, va="center")
            for number, row in enumerate(self.table[1:]):
                height = 0.271 - 0.036 * number
                colour, dash = _style(number)
                figure.add_artist(_stroke(0.03, height, colour, dash))
                for left, cell in zip(lefts[1:], row, strict=True):
                    figure.text(left, height, cell, fontsize=13, va="center", color=INK)
        return figure

    def _lines(self, axes: Axes, what: str) -> None:
        from tfviz.learn.palette import HAIR

        axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
        for number, form in enumerate(self.forms):
            values = form.loss if what == "loss" else form.gradient
            colour, dash = _style(number)
            good = np.isfinite(values)
            # The broader lines lie below, so that all are seen where they agree.
            wide = 2.0 + 1.3 * (len(self.forms) - 1 - number)
            axes.plot(
                np.where(good, self.logits, np.nan),
                np.where(good, values, np.nan),
                color=colour,
                linestyle=dash,
                linewidth=wide,
                solid_capstyle="butt",
            )
            if not good.all():
                last = int(np.flatnonzero(good)[-1])
                axes.plot(
                    self.logits[last], values[last], "X", color=colour, ms=13, mec="white", zorder=6
                )
        axes.set_title(f"{what}, float32 (X: from here on no number)")
        axes.set_xlabel("logit z", labelpad=1)
        axes.set_xlim(0, FURTHEST)


def _style(number: int) -> tuple[str, str]:
    from tfviz.learn.palette import CYCLE, DASHES

    return CYCLE[number], DASHES[number % len(DASHES)]


def _stroke(left: float, height: float, colour: str, dash: Any) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([left, left + 0.055], [height, height], color=colour, linestyle=dash, lw=3.5)


def _up_to(breaks: float | None) -> str:
    return "the end" if breaks is None else "nowhere" if breaks == 0 else f"{breaks - STEP:g}"


def _brief(value: float) -> str:
    if not math.isfinite(value):
        return f"{value:g}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def binary_stability() -> Stability:
    """Yes or no, the label being no while the logit rises."""
    import keras
    import tensorflow as tf

    def no(z: Any) -> Any:
        return tf.zeros_like(z)

    bce = keras.losses.binary_crossentropy

    def of_probability(z: Any) -> Any:
        # Any operation in between makes Keras forget which logits a probability came from.
        return bce(no(z), tf.identity(keras.activations.sigmoid(z)))

    ways: list[tuple[str, str, Callable[[Any], Any]]] = [
        (
            "by hand",
            "-log(1 - 1 / (1 + exp(-z)))",
            lambda z: -tf.math.log(1 - 1 / (1 + tf.exp(-z)))[:, 0],
        ),
        (
            "sigmoid, then log",
            "-log(1 - tf.sigmoid(z))",
            lambda z: -tf.math.log(1 - tf.sigmoid(z))[:, 0],
        ),
        ("Keras, from probabilities", "bce(y, tf.identity(sigmoid(z)))", of_probability),
        (
            "Keras, sigmoid just before",
            "bce(y, keras.activations.sigmoid(z))",
            lambda z: bce(no(z), keras.activations.sigmoid(z)),
        ),
        (
            "Keras, from_logits=True",
            "bce(y, z, from_logits=True)",
            lambda z: bce(no(z), z, from_logits=True),
        ),
    ]
    z = _logits()
    return _study(
        "binary_crossentropy",
        "The label is 0 and the logit rises: more and more sure, and wrong. "
        "True: loss log(1 + exp(z)), gradient a - y = sigmoid(z).",
        ways,
        z,
        np.logaddexp(0, z),
        1 / (1 + np.exp(-z)),
        lambda z: z[:, tf.newaxis],
    )


def categorical_stability() -> Stability:
    """One class of three, one wrong logit rising."""
    import keras
    import tensorflow as tf

    label = np.array([[0.0, 1.0, 0.0]], np.float32)
    cce = keras.losses.categorical_crossentropy

    def y(z: Any) -> Any:
        return tf.repeat(tf.constant(label), z.shape[0], axis=0)

    def nll(p: Any) -> Any:
        return -tf.math.log(p)[:, 1]

    def by_hand(z: Any) -> Any:
        e = tf.exp(z)
        return nll(e / tf.reduce_sum(e, axis=1, keepdims=True))

    def rows(z: Any) -> Any:
        return tf.stack([z, tf.zeros_like(z), tf.zeros_like(z)], axis=1)

    ways: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("by hand", "-log(exp(z) / sum(exp(z)))", by_hand),
        ("softmax, then log", "-log(tf.nn.softmax(z))", lambda z: nll(tf.nn.softmax(z))),
        (
            "Keras, from probabilities",
            "cce(y, tf.identity(softmax(z)))",
            lambda z: cce(y(z), tf.identity(keras.activations.softmax(z))),
        ),
        (
            "Keras, softmax just before",
            "cce(y, keras.activations.softmax(z))",
            lambda z: cce(y(z), keras.activations.softmax(z)),
        ),
        (
            "log_softmax",
            "-keras.activations.log_softmax(z)",
            lambda z: -keras.activations.log_softmax(z)[:, 1],
        ),
        (
            "Keras, from_logits=True",
            "cce(y, z, from_logits=True)",
            lambda z: cce(y(z), z, from_logits=True),
        ),
    ]
    z = _logits()
    return _study(
        "categorical_crossentropy",
        "Logits (z, 0, 0), the label is the second class: more and more sure, and wrong. "
        "True gradient by z: p - y.",
        ways,
        z,
        np.log(2 + np.exp(z)),
        1 / (1 + 2 * np.exp(-z)),
        rows,
    )


def _logits() -> np.ndarray:
    return np.arange(0, FURTHEST + STEP / 2, STEP)


def _study(
    loss: str,
    setting: str,
    ways: list[tuple[str, str, Callable[[Any], Any]]],
    z: np.ndarray,
    true_loss: np.ndarray,
    true_gradient: np.ndarray,
    rows: Callable[[Any], Any],
) -> Stability:
    import tensorflow as tf

    forms = []
    for name, code, way in ways:
        at = tf.constant(z, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(at)
            found = way(rows(at))
        gradient = np.asarray(tape.gradient(found, at))
        values = np.asarray(found)
        forms.append(
            Form(
                name,
                code,
                values,
                gradient,
                _breaks(z, values, true_loss),
                _breaks(z, gradient, true_gradient),
                float(gradient[-1]),
            )
        )
    return Stability(f"{loss}-stable", loss, setting, z, true_loss, true_gradient, tuple(forms))


def _breaks(z: np.ndarray, found: np.ndarray, true: np.ndarray) -> float | None:
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(found - true) <= TRUE * np.abs(true))
    return float(z[int(np.argmax(bad))]) if bad.any() else None
