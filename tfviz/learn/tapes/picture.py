"""The loss curves of a tape loop, right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.draw.svg import Svg
from tfviz.learn.palette import BLUE, FAINT, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfviz.learn.tapes.lesson import TapeLesson

# Below it a float32 loss of this size is rounding, above it the picture has said enough.
LOWEST, HIGHEST = 1e-10, 1e10
SHOWN = ("accumulated", "not-applied", "applied-twice", "not-scalar", "outside", "replaced")


def curves(lesson: TapeLesson) -> Figure:
    """Six mistakes, each beside the right loop, the loss on a log scale."""
    drawn = [each for each in lesson.mistakes if each.name in SHOWN]
    with slide():
        figure = new_figure(12.8, 7.2)
        figure.subplots_adjust(
            left=0.075, right=0.975, top=0.8, bottom=0.1, hspace=0.42, wspace=0.12
        )
        grid = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
        for axes, each in zip(grid, drawn, strict=True):
            axes.plot(clipped(lesson.right), color=BLUE, label="right")
            axes.plot(clipped(each.losses), "--", color=ORANGE, label="wrong")
            axes.set_yscale("log")
            axes.set_ylim(LOWEST / 5, HIGHEST * 5)
            axes.set_yticks([1e-10, 1e-5, 1, 1e5, 1e10])
            axes.minorticks_off()
            axes.axhline(1, color=HAIR, linewidth=1, zorder=0)
            axes.set_title(plain(_SHORT[each.name]), fontsize=14)
        for axes in grid[3:]:
            axes.set_xlabel("step")
        for axes in (grid[0], grid[3]):
            axes.set_ylabel("loss")
        grid[0].legend(loc="lower left", ncols=2)
        figure.text(
            0.02,
            0.945,
            "What happens when a line of a tape loop is wrong",
            fontsize=19,
            va="center",
        )
        told = "fitting y = 3x − 1 by gradient descent; log scale, cut off at 1e−10 and 1e10"
        figure.text(0.02, 0.895, told, fontsize=13, color=FAINT, va="center")
        figure.canvas.draw()
    return figure


def clipped(losses: Sequence[float]) -> np.ndarray:
    """Losses as the log scale can show them."""
    found = np.nan_to_num(np.asarray(losses, np.float64), nan=HIGHEST, posinf=HIGHEST)
    return np.clip(found, LOWEST, HIGHEST)


def pair(right: Sequence[float], wrong: Sequence[float]) -> str:
    """Two curves as SVG, for a page."""
    width, height, left, top = 640, 264, 64, 14
    inner, tall = width - left - 130, height - top - 40
    svg = Svg(width, height, "the loss at each step, right and wrong, on a log scale")
    low, high = np.log10(LOWEST), np.log10(HIGHEST)

    def place(step: int, loss: float) -> tuple[float, float]:
        share = (np.log10(loss) - low) / (high - low)
        return left + inner * step / (len(right) - 1), top + tall * (1 - float(share))

    for power in (-10, -5, 0, 5, 10):
        y = place(0, 10.0**power)[1]
        svg.line([(left, y), (left + inner, y)], stroke=HAIR, thick=1)
        svg.text(left - 8, y + 5, "1" if not power else f"1e{power}", anchor="end", fill=FAINT)
    for step in range(0, len(right), 5):
        svg.text(place(step, 1.0)[0], height - 18, str(step), anchor="middle", fill=FAINT)
    svg.text(left + inner / 2, height - 4, "step", anchor="middle", fill=FAINT)
    ends: list[float] = []
    for losses, colour, name in ((right, BLUE, "right"), (wrong, ORANGE, "wrong")):
        points = [place(i, float(each)) for i, each in enumerate(clipped(losses))]
        svg.line(points, stroke=colour, thick=2.5, dashed=name == "wrong")
        y = points[-1][1]
        while any(abs(y - other) < 18 for other in ends):
            y -= 18
        ends.append(y)
        svg.text(left + inner + 10, y + 5, f"{name}: {losses[-1]:.2g}", fill=INK)
    return str(svg)


_SHORT = {
    "accumulated": "gradients never set to 0",
    "not-applied": "not applied",
    "applied-twice": "applied twice",
    "not-scalar": "loss is not a scalar",
    "outside": "loss outside of the tape",
    "replaced": "variable replaced by a tensor",
}
