"""L2 regularisation: the pull on a weight, and where it comes to rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.lesson import Lesson
from tfviz.learn.losses.catalogue import Loss
from tfviz.learn.losses.curves import aligned
from tfviz.learn.losses.words import WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BEST = 2.0
"""Where the data alone want the weight: the loss of the data is (w - 2)^2 / 2."""
RATE, UPDATES = 0.1, 400
FACTORS = (0.0, 1.0, 5.0, 20.0)


@dataclass(frozen=True)
class Rest:
    """Where gradient descent comes to rest.

    Attributes:
        strength: Of the penalty.
        weight: Found by keras.optimizers.SGD.
        expected: By the formula 2 / (1 + 2 strength).
    """

    strength: float
    weight: float
    expected: float


@dataclass(frozen=True)
class Regularisation(Lesson):
    """The L2 penalty of keras.regularizers, its gradient, and what it does to a minimum.

    Attributes:
        name: Of the files.
        strength: Of the penalty.
        weights: On which the penalty is drawn.
        penalty: keras.regularizers.L2 at each.
        gradient: By the tape at each.
        off: The largest distance of the gradient from 2 strength w.
        rests: Minima with 0, 1, 5 and 20 times the strength.
        shrinks: A weight without any data after one update, from 1: by the penalty alone.
    """

    name: str
    strength: float
    weights: np.ndarray = field(repr=False)
    penalty: np.ndarray = field(repr=False)
    gradient: np.ndarray = field(repr=False)
    off: float
    rests: tuple[Rest, ...]
    shrinks: float

    def numbers(self) -> dict[str, Any]:
        """All that is drawn."""
        return {
            "strength": self.strength,
            "w": self.weights,
            "penalty": self.penalty,
            "gradient": self.gradient,
            "identity": "2 strength w",
            "identity_off": self.off,
            "data_loss": f"(w - {BEST:g})^2 / 2",
            "rests": self.rests,
            "rate": RATE,
            "one_update_from_1": self.shrinks,
        }

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is to be seen."""
        return (
            f"The gradient is 2 strength w (within {self.off:.0e} of the tape): SGD takes the "
            f"same share of every weight, here 1 becomes {self.shrinks:.4g}.",
            "Keras multiplies w^2 itself by the strength; texts with strength / 2 have half of it.",
        )

    def __str__(self) -> str:
        import textwrap

        formula, told = WORDS["l2"]
        rows = [("strength", "w at rest", "2 / (1 + 2 strength)")]
        rows += [
            (f"{each.strength:g}", f"{each.weight:.5f}", f"{each.expected:.5f}")
            for each in self.rests
        ]
        lines = [f"l2   {formula}", f"  with strength = {self.strength:g}", f"  {told}", ""]
        lines += [f"  Gradient descent on (w - {BEST:g})^2 / 2 + strength w^2, by Keras's SGD:", ""]
        lines += [aligned(tuple(rows)), ""]
        lines += [
            textwrap.fill(each, 79, initial_indent="  ", subsequent_indent="  ")
            for each in self.sentences
        ]
        return "\n".join(lines)

    def figure(self) -> Figure:
        """The penalty with its gradient; the loss with more and more of it."""
        from tfviz.draw.figure import new_figure
        from tfviz.learn.palette import BLUE, CYCLE, DASHES, FAINT, HAIR, ORANGE, slide

        with slide():
            figure = new_figure(12.8, 7.2)
            figure.text(0.03, 0.945, "L2 regularisation", fontsize=22, weight="bold", va="center")
            figure.text(
                0.97, 0.945, WORDS["l2"][0], fontsize=15, color=FAINT, va="center", ha="right"
            )
            grid = figure.add_gridspec(
                1, 2, left=0.06, right=0.975, top=0.85, bottom=0.3, wspace=0.15
            )
            left = figure.add_subplot(grid[0, 0])
            left.plot(self.weights, self.penalty, color=BLUE, linewidth=3, label="penalty")
            left.plot(self.weights, self.gradient, "--", color=ORANGE, label="its gradient")
            left.set_title(f"strength {self.strength:g}")
            left.legend(fontsize=14, loc="upper center")
            right = figure.add_subplot(grid[0, 1])
            w = np.linspace(-1, 4, 300)
            for number, rest in enumerate(self.rests):
                height = (w - BEST) ** 2 / 2 + rest.strength * w**2
                right.plot(
                    w,
                    height,
                    DASHES[number],
                    color=CYCLE[number],
                    linewidth=2.6,
                    label=f"strength {rest.strength:g}: w = {rest.weight:.3g}",
                )
                at = rest.weight
                right.plot(
                    at,
                    (at - BEST) ** 2 / 2 + rest.strength * at**2,
                    "o",
                    ms=11,
                    color=CYCLE[number],
                )
            right.set_ylim(-0.2, 5)
            right.set_title(f"(w - {BEST:g})^2 / 2 + strength w^2")
            figure.text(0.53, 0.185, "Dots: where Keras's SGD comes to rest.", fontsize=13)
            figure.legend(
                *right.get_legend_handles_labels(),
                loc="lower left",
                fontsize=13,
                ncols=4,
                bbox_to_anchor=(0.022, 0.115),
                handlelength=2.4,
                columnspacing=1.6,
            )
            for axes in (left, right):
                axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
                axes.set_xlabel("w", labelpad=1)
            for number, line in enumerate(self.sentences):
                figure.text(0.03, 0.085 - 0.042 * number, line, fontsize=13, va="center")
        return figure


def regularisation(loss: Loss) -> Regularisation:
    """The lesson on L2.

    Args:
        loss: 'l2' with its strength.
    """
    import keras
    import tensorflow as tf

    strength = float(loss.parameters["strength"])
    penalty = keras.regularizers.L2(strength)
    w = np.linspace(-3, 3, 121)
    at = tf.constant(w, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(at)
        heights = tf.stack([penalty(each) for each in tf.unstack(at)])
    gradient = np.asarray(tape.gradient(heights, at))
    rests = []
    for factor in FACTORS:
        each = strength * factor
        weight = _descend(each, BEST, 1.0, UPDATES)
        rests.append(Rest(each, weight, BEST / (1 + 2 * each)))
    return Regularisation(
        name=loss.spec,
        strength=strength,
        weights=w,
        penalty=np.asarray(heights),
        gradient=gradient,
        off=float(np.abs(gradient - 2 * strength * w).max()),
        rests=tuple(rests),
        shrinks=_descend(strength, 0.0, 0.0, 1, start=1.0),
    )


def _descend(
    strength: float, best: float, data: float, updates: int, *, start: float = 0.0
) -> float:
    """Where SGD with the penalty takes a weight; `data` weighs the loss of the data."""
    import keras
    import tensorflow as tf

    penalty = keras.regularizers.L2(strength)
    weight = keras.Variable(np.float32(start))
    # Too large a step for a strong penalty would leap over the minimum and away.
    rate = min(RATE, 0.9 / (data + 2 * strength))
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build([weight])

    @tf.function
    def update() -> None:
        for _ in tf.range(updates):
            with tf.GradientTape() as tape:
                loss = data * (weight.value - best) ** 2 / 2 + penalty(weight.value)
            optimizer.apply([tape.gradient(loss, weight.value)], [weight])

    update()
    return float(keras.ops.convert_to_numpy(weight))
