"""One activation on a slide: f, f' and f'', with what is to be known about them."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.activations.zones import short
from tfviz.learn.palette import BLUE, FAINT, GREEN, HAIR, INK, ORANGE, PINK, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.activations.kinks import Kink
    from tfviz.learn.activations.scalar import ScalarActivation
    from tfviz.learn.activations.study import Study

SIZE = (12.8, 7.2)
TALLEST = 8.0
"""A curve that grows leaves the frame at this height, so that what happens near 0 is seen."""


def draw(lesson: ScalarActivation) -> Figure:
    """The figure of a lesson."""
    found = lesson.found
    with slide():
        figure = new_figure(*SIZE)
        words = _words(lesson)
        bottom = 0.085 + 0.036 * len(words)
        grid = figure.add_gridspec(
            2,
            2,
            width_ratios=(1.2, 1),
            left=0.06,
            right=0.975,
            top=0.865,
            bottom=bottom,
            hspace=0.42,
            wspace=0.16,
        )
        main = figure.add_subplot(grid[:, 0])
        first = figure.add_subplot(grid[0, 1])
        second = figure.add_subplot(grid[1, 1], sharex=first)
        _title(figure, lesson)
        _curve(main, found)
        _slope(first, lesson)
        _curvature(second, found)
        for axes in (main, first, second):
            axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
            axes.set_xlim(*found.over)
        for axes in (main, second):
            axes.set_xlabel("x", labelpad=1)
        first.tick_params(labelbottom=False)
        for number, (text, warns) in enumerate(words):
            figure.text(
                0.03,
                0.036 * (len(words) - number) - 0.012,
                plain(text),
                fontsize=13,
                color=ORANGE if warns else INK,
                weight="bold" if warns else "normal",
                va="center",
            )
    return figure


def _title(figure: Figure, lesson: ScalarActivation) -> None:
    from tfviz.learn.activations.scalar import parameters_told

    activation = lesson.found.activation
    figure.text(0.03, 0.945, plain(activation.name), fontsize=24, weight="bold", va="center")
    told = parameters_told(activation.given)
    formula = f"f(x) = {activation.formula}" if activation.formula else ""
    parts = [part for part in (formula, told) if part]
    figure.text(
        0.045 + 0.0162 * len(activation.name),
        0.942,
        plain("     ".join(parts)),
        fontsize=15,
        color=FAINT,
        va="center",
    )


def _words(lesson: ScalarActivation) -> list[tuple[str, bool]]:
    found, facts = lesson.found, lesson.facts
    lines = [f"Range {found.range}.  {_vanishes(found)}"]
    if found.identity:
        lines.append(f"{found.identity.text}: {found.identity.told}.")
    told = [(line, False) for line in lines]
    if found.slope.wrong:
        told += [(f"Keras is wrong here: {each}.", True) for each in lesson.wrong[:2]]
    elif "checked" in facts and not found.identity:
        told.append((facts["checked"], False))
    if lesson.remarks:
        told += [(line, False) for line in textwrap.wrap(lesson.remarks[0], 118)[:2]]
    elif lesson.troubles:
        told += [(line, False) for line in textwrap.wrap(lesson.troubles[0], 118)[:2]]
    return told


def _vanishes(found: Study) -> str:
    vanishing = found.vanishing
    if vanishing.peak == 0:
        return "The gradient is 0 everywhere."
    zones = [zone for zone in vanishing.zones if zone.kind != "turning"]
    if not zones:
        return "The gradient fades nowhere for good."
    told = " and ".join(str(zone) for zone in zones)
    dead = all(zone.kind == "dead" for zone in zones)
    what = "is 0" if dead else "is under 0.01" if math.isinf(vanishing.peak) else "is under 1 %"
    alive = "" if math.isinf(vanishing.alive) else f": alive over {short(vanishing.alive)}"
    return f"The gradient {what} for {told}{alive}."


def _curve(axes: Axes, found: Study) -> None:
    shade_zones(axes, found, words=True)
    for piece in found.pieces:
        axes.plot(piece.x, piece.value, color=BLUE, linewidth=3)
    for kink in visible(found):
        if kink.kind == "jump":
            for side in kink.value:
                axes.plot(kink.x, side, "o", mfc="white", mec=BLUE, ms=8, zorder=4)
            axes.plot(kink.x, kink.picked_value, "o", color=BLUE, ms=8, zorder=5)
        elif kink.kind == "corner":
            axes.plot(kink.x, kink.picked_value, "D", color=BLUE, ms=8, zorder=4)
    for x, value in found.turns:
        if found.over[0] < x < found.over[1]:
            axes.plot(x, value, "o", color=BLUE, ms=6)
            axes.annotate(
                f"({short(x)}, {short(value)})",
                (x, value),
                (0, -8),
                ha="center",
                va="top",
                textcoords="offset points",
                fontsize=13,
                color=FAINT,
            )
    _frame(axes, np.concatenate([piece.value for piece in found.pieces]), tallest=TALLEST)
    axes.set_title("f(x)", color=BLUE)


def _slope(axes: Axes, lesson: ScalarActivation) -> None:
    found = lesson.found
    shade_zones(axes, found)
    for piece in found.pieces:
        axes.plot(piece.x, piece.slope, color=ORANGE)
    heights = [np.array([0.0]), *(piece.slope for piece in found.pieces)]
    for name, values in lesson.beside.items():
        x = np.concatenate([piece.x for piece in found.pieces])
        axes.plot(x, values, color=GREEN, linestyle="--", label=name)
        heights.append(np.clip(values, -2, 2))
    for kink in visible(found):
        if kink.kind != "bend":
            _sides(axes, kink.x, kink.slope, kink.picked_slope, ORANGE)
            heights.append(np.array([kink.picked_slope]))
    for wrong in found.slope.wrong:
        if found.over[0] <= wrong.x <= found.over[1]:
            axes.plot(wrong.x, wrong.tape, "X", color=PINK, ms=12, mec=INK, zorder=6)
            heights.append(np.array([wrong.tape]))
            axes.annotate(
                f"the tape: {short(wrong.tape)}",
                (wrong.x, wrong.tape),
                (10, 10),
                textcoords="offset points",
                va="center",
                fontsize=13,
            )
    if lesson.beside:
        axes.legend(fontsize=13, loc="upper left", handlelength=1.6)
    _frame(axes, np.concatenate(heights), tallest=TALLEST)
    axes.set_title("f'(x), by the tape" + _picks(found), color=ORANGE)


def _picks(found: Study) -> str:
    picked = [kink for kink in visible(found) if kink.kind == "corner"]
    if not picked:
        return ""
    told = ", ".join(f"{short(kink.picked_slope)} at {short(kink.x)}" for kink in picked[:2])
    return f"; Keras picks {told}"


def _curvature(axes: Axes, found: Study) -> None:
    for piece in found.pieces:
        axes.plot(piece.x, piece.curvature, color=GREEN)
    heights = np.concatenate([piece.curvature for piece in found.pieces])
    inside = heights[np.isfinite(heights)]
    room = max(float(np.abs(np.clip(inside, -TALLEST, TALLEST)).max()), 0.5)
    spikes = []
    for kink in visible(found):
        if kink.kind == "bend":
            picked = None if found.no_curvature else kink.picked_curvature
            _sides(axes, kink.x, kink.curvature, picked, GREEN)
        else:
            # The second derivative of a corner is an impulse: no height, only an area.
            up = kink.kind == "jump" or kink.slope[1] > kink.slope[0]
            top = room * (1.0 if up else -1.0)
            axes.annotate(
                "",
                (kink.x, top),
                (kink.x, 0),
                arrowprops={"arrowstyle": "-|>", "color": GREEN, "linestyle": "-", "lw": 2},
            )
            spikes.append((kink, top))
    for number, (kink, top) in enumerate(spikes):
        jump = kink.slope[1] - kink.slope[0]
        share = (kink.x - found.over[0]) / (found.over[1] - found.over[0])
        left = share > 0.75 or (len(spikes) > 1 and number == 0 and share > 0.25)
        axes.annotate(
            "f jumps" if kink.kind == "jump" else f"impulse {jump:+.3g}",
            (kink.x, top),
            (-6 if left else 6, 0),
            textcoords="offset points",
            fontsize=13,
            color=FAINT,
            ha="right" if left else "left",
            va="top" if top > 0 else "bottom",
        )
    tops = [top for _, top in spikes]
    _frame(axes, np.concatenate([heights, np.array([*tops, 0.0])]), tallest=TALLEST, least=0.5)
    if found.no_curvature:
        title = "f''(x), by differences: the tape has none"
    elif spikes:
        title = f"f''(x); no number at a kink (tape: {short(spikes[0][0].picked_curvature)})"
    else:
        title = "f''(x), by the tape"
    axes.set_title(title, color=GREEN)


def _sides(
    axes: Axes, x: float, sides: tuple[float, float], picked: float | None, colour: str
) -> None:
    for side in sides:
        axes.plot(x, side, "o", mfc="white", mec=colour, ms=8, zorder=4)
    if picked is not None:
        axes.plot(x, picked, "o", color=colour, ms=8, zorder=5)


def visible(found: Study) -> list[Kink]:
    """The kinks in the range that is drawn."""
    low, high = found.over
    return [kink for kink in found.kinks if low <= kink.x <= high]


def shade_zones(axes: Axes, found: Study, *, words: bool = False) -> None:
    """Grey where the gradient is under 1 %, with a word on it where asked and where it fits."""
    low, high = found.over
    for zone in found.vanishing.zones:
        left, right = max(zone.low, low), min(zone.high, high)
        if right <= left:
            continue
        axes.axvspan(left, right, color="#eceef1", linewidth=0, zorder=-1)
        share = (right - left) / (high - low)
        if words and share > 0.1:
            axes.text(
                (left + right) / 2,
                0.5,
                "f' = 0" if zone.kind == "dead" else "|f'| under 1 %",
                transform=axes.get_xaxis_transform(),
                ha="center",
                va="center",
                fontsize=13,
                color=FAINT,
                rotation=0 if share > 0.3 else 90,
            )


def _frame(axes: Axes, heights: np.ndarray, *, tallest: float, least: float = 0.2) -> None:
    heights = heights[np.isfinite(heights)]
    low = max(float(heights.min()), -tallest)
    high = min(float(heights.max()), tallest)
    if high <= low:  # all of it lies beyond: show it as it is
        low, high = float(heights.min()), float(heights.max())
    middle, room = (low + high) / 2, max(high - low, least)
    axes.set_ylim(middle - 0.58 * room, middle + 0.58 * room)
