"""One loss on a slide: the loss above, its gradient below."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.activations.zones import short
from tfviz.learn.palette import BLUE, CYCLE, DASHES, FAINT, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.losses.curves import LossCurve, LossLesson

TALLEST = 12.0
"""A gradient that grows leaves the frame at this height, unless it starts above it."""


def draw(lesson: LossLesson) -> Figure:
    """The figure of a lesson: one column for each thing that the loss is drawn over."""
    overs = list(dict.fromkeys(each.view.over.split(",")[0] for each in lesson.curves))
    words = _words(lesson)
    with slide():
        figure = new_figure(12.8, 7.2)
        # With its parameters a name may be long, and the formula stands in the same line.
        letters = len(lesson.name) + 0.65 * len(lesson.formula)
        size = max(13.0, min(22.0, 22 * 58 / letters))
        figure.text(0.03, 0.945, plain(lesson.name), fontsize=size, weight="bold", va="center")
        figure.text(
            0.97, 0.945, plain(lesson.formula), fontsize=15, color=FAINT, va="center", ha="right"
        )
        bottom = 0.12 + 0.036 * len(words)
        grid = figure.add_gridspec(
            2,
            len(overs),
            left=0.07,
            right=0.975,
            top=0.86,
            bottom=bottom,
            hspace=0.28,
            wspace=0.17,
            height_ratios=(1, 1),
        )
        for column, over in enumerate(overs):
            curves = [each for each in lesson.curves if each.view.over.split(",")[0] == over]
            loss = figure.add_subplot(grid[0, column])
            gradient = figure.add_subplot(grid[1, column], sharex=loss)
            _column(loss, gradient, curves)
            gradient.set_xlabel(over if len(curves) > 1 else curves[0].view.over)
            if column == 0:
                loss.set_title("loss", color=BLUE)
                gradient.set_title("gradient, by the tape", color=ORANGE)
        for number, (line, warns) in enumerate(words):
            figure.text(
                0.03,
                0.036 * (len(words) - number) - 0.008,
                plain(line),
                fontsize=13,
                color=ORANGE if warns else INK,
                weight="bold" if warns else "normal",
                va="center",
            )
    return figure


def _column(loss: Axes, gradient: Axes, curves: list[LossCurve]) -> None:
    heights: list[np.ndarray] = [np.zeros(1)]
    slopes: list[np.ndarray] = [np.zeros(1)]
    for number, each in enumerate(curves):
        single = len(curves) == 1
        dash = DASHES[number]
        for part, (x, value, slope) in enumerate(each.pieces):
            label = plain(each.view.label) if part == 0 and each.view.label else None
            loss.plot(
                x,
                value,
                color=BLUE if single else CYCLE[number],
                linestyle=dash,
                label=label,
                linewidth=2.8,
            )
            gradient.plot(x, slope, color=ORANGE if single else CYCLE[number], linestyle=dash)
        for kink in each.kinks:
            if kink.kind == "corner":
                colour = ORANGE if single else CYCLE[number]
                for side in kink.slope:
                    gradient.plot(kink.x, side, "o", mfc="white", mec=colour, ms=8, zorder=4)
                gradient.plot(kink.x, kink.picked_slope, "o", color=colour, ms=8, zorder=5)
                loss.plot(
                    kink.x,
                    kink.picked_value,
                    "D",
                    ms=8,
                    zorder=4,
                    color=BLUE if single else CYCLE[number],
                )
        heights.append(each.seen.value)
        slopes.append(each.seen.slope)
    for axes, drawn in ((loss, heights), (gradient, slopes)):
        axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
        _frame(axes, np.concatenate(drawn))
    if any(each.view.label for each in curves) and len(curves) > 1:
        loss.legend(fontsize=14, handlelength=2.2)
    loss.set_xlim(curves[0].view.low, curves[0].view.high)
    loss.tick_params(labelbottom=False)


def _frame(axes: Axes, heights: np.ndarray) -> None:
    heights = heights[np.isfinite(heights)]
    low, high = float(heights.min()), float(heights.max())
    # 1 / p near 0 would press all else flat; a curve that is high all along is shown whole.
    if np.median(np.abs(heights)) < TALLEST / 2:
        low, high = max(low, -TALLEST), min(high, TALLEST)
    room = max(high - low, 0.2)
    axes.set_ylim(low - 0.08 * room, high + 0.08 * room)


def _words(lesson: LossLesson) -> list[tuple[str, bool]]:
    lines: list[tuple[str, bool]] = []
    identities = list(
        dict.fromkeys(
            f"{each.view.over.split(',')[0]}: {each.view.identity}"
            for each in lesson.curves
            if each.view.identity
        )
    )
    off = max((each.identity_off or 0.0 for each in lesson.curves), default=0.0)
    if identities:
        near = f"within {off:.0e} of the tape" if off else "exactly what the tape gives"
        told = (
            identities[0].partition(": ")[2]
            if len(identities) == 1
            else "; over the ".join(["", *identities]).removeprefix("; ")
        )
        told = told[0].upper() + told[1:] if len(identities) > 1 else f"Gradient {told}"
        lines.append((f"{told} ({near}).", False))
    picked = [
        f"{short(kink.picked_slope)} at {short(kink.x)}"
        for each in lesson.curves
        for kink in each.kinks
        if kink.kind == "corner"
    ]
    if picked:
        lines.append((f"At the kink Keras picks the gradient {', '.join(picked)}.", False))
    lines += [(line, True) for each in lesson.warnings[:1] for line in textwrap.wrap(each, 105)]
    for sentence in lesson.remarks[:1]:
        lines += [(line, False) for line in textwrap.wrap(sentence, 116)[:2]]
    return lines or [(lesson.told, False)]
