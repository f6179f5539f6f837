"""The gated linear unit: two inputs, one of which is the gate of the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.activations.identities import sigmoid
from tfviz.learn.activations.names import Activation
from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 81
STEP = 1e-5


@dataclass(frozen=True)
class GatedActivation(Lesson):
    """y = a s(b), with both derivatives, over a square of a and b.

    Attributes:
        name: As in Keras.
        activation: Which.
        axis: Values of a, and of b, of shape (n,).
        value: y at [b, a], of shape (n, n).
        by_a: dy/da by the tape.
        by_b: dy/db by the tape.
        furthest: The largest distance of the tape from its identities, and from differences.
    """

    name: str
    activation: Activation
    axis: np.ndarray = field(repr=False)
    value: np.ndarray = field(repr=False)
    by_a: np.ndarray = field(repr=False)
    by_b: np.ndarray = field(repr=False)
    furthest: dict[str, float]

    def numbers(self) -> dict[str, Any]:
        """The surface and its derivatives."""
        return {
            "activation": self.name,
            "formula": self.activation.formula,
            "axis": self.axis,
            "value": self.value,
            "by_a": self.by_a,
            "by_b": self.by_b,
            "furthest": self.furthest,
        }

    def __str__(self) -> str:
        f = self.furthest
        return "\n".join(
            [
                f"{self.name}   {self.activation.formula}",
                f"  {self.activation.told}",
                f"  dy/da        s(b)              (within {f['by_a']:.0e} of the tape)",
                f"  dy/db        a s(b) (1 - s(b)) (within {f['by_b']:.0e} of the tape)",
                f"  checked      both against central differences: within {f['differences']:.0e}",
                "  The gate b decides how much of a passes, forward and backward alike; while it",
                "  is shut (b << 0) neither a nor b learns. The output has half the width.",
            ]
        )

    def figure(self) -> Figure:
        """Three maps over a and b."""
        from tfviz.draw.figure import new_figure
        from tfviz.learn.palette import FAINT, slide

        with slide():
            figure = new_figure(12.8, 7.2)
            figure.text(0.03, 0.945, self.name, fontsize=24, weight="bold", va="center")
            figure.text(
                0.095,
                0.942,
                f"y = {self.activation.formula}",
                fontsize=15,
                color=FAINT,
                va="center",
            )
            grid = figure.add_gridspec(
                1, 3, left=0.06, right=0.965, top=0.86, bottom=0.2, wspace=0.3
            )
            maps = (
                ("y", self.value),
                ("dy/da = s(b)", self.by_a),
                ("dy/db = a s(b) (1 - s(b))", self.by_b),
            )
            for place, (title, heights) in enumerate(maps):
                axes = figure.add_subplot(grid[0, place])
                self._map(figure, axes, title, heights)
            for number, line in enumerate(
                (
                    "The gate b decides how much of a passes, forward and backward alike. While it "
                    "is shut (b far below 0)",
                    f"neither a nor b learns. Tape within {self.furthest['by_b']:.0e} of the "
                    f"identities, {self.furthest['differences']:.0e} of central differences.",
                )
            ):
                figure.text(0.03, 0.085 - 0.036 * number, line, fontsize=13, va="center")
        return figure

    def _map(self, figure: Figure, axes: Axes, title: str, heights: np.ndarray) -> None:
        low, high = float(self.axis[0]), float(self.axis[-1])
        largest = float(np.abs(heights).max())
        drawn = axes.imshow(
            heights,
            origin="lower",
            extent=(low, high, low, high),
            cmap="PuOr_r",
            vmin=-largest,
            vmax=largest,
            aspect="auto",
        )
        contours = axes.contour(
            self.axis, self.axis, heights, levels=6, colors="#222222", linewidths=0.9
        )
        axes.clabel(contours, fontsize=13, fmt="%.2g")
        axes.set_title(title)
        axes.set_xlabel("a")
        axes.set_ylabel("b, the gate", labelpad=0)
        bar = figure.colorbar(drawn, ax=axes, orientation="horizontal", pad=0.14, fraction=0.05)
        bar.outline.set_linewidth(0)


def gated_lesson(activation: Activation, over: tuple[float, float] = (-4.0, 4.0)) -> Lesson:
    """An activation with a gate, over a square.

    Args:
        activation: 'glu'.
        over: The range of both inputs.
    """
    import tensorflow as tf

    axis = np.linspace(*over, POINTS)
    b, a = np.meshgrid(axis, axis, indexing="ij")
    pairs = tf.constant(np.stack([a.ravel(), b.ravel()], axis=1))

    def function(pairs: Any) -> Any:
        return activation.function(pairs)[:, 0]

    with tf.GradientTape() as tape:
        tape.watch(pairs)
        value = function(pairs)
    by_a, by_b = np.asarray(tape.gradient(value, pairs)).T.reshape(2, POINTS, POINTS)
    off = 0.0
    for column, found in ((0, by_a), (1, by_b)):
        nudge = np.zeros((1, 2))
        nudge[0, column] = STEP
        ahead, behind = function(pairs + nudge), function(pairs - nudge)
        quotient = np.asarray((ahead - behind) / (2 * STEP)).reshape(POINTS, POINTS)
        off = max(off, float(np.abs(quotient - found).max()))
    gate = sigmoid(b)
    return GatedActivation(
        name=activation.name,
        activation=activation,
        axis=axis,
        value=np.asarray(value).reshape(POINTS, POINTS),
        by_a=by_a,
        by_b=by_b,
        furthest={
            "by_a": float(np.abs(by_a - gate).max()),
            "by_b": float(np.abs(by_b - a * gate * (1 - gate)).max()),
            "differences": off,
        },
    )
