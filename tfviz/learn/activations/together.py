"""Several activations beside each other."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.activations.scalar import ScalarActivation
from tfviz.learn.activations.study import Study
from tfviz.learn.activations.zones import short
from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ONE_FRAME = 6
"""Up to so many curves are told apart in one pair of axes; more get a small one each."""
COLUMNS, ROWS = 5, 3
PER_SLIDE = COLUMNS * ROWS
VIEW = (-5.0, 5.0)
RANGE = 12
"""A range with gaps that takes more letters would make a table too wide for a terminal."""


@dataclass(frozen=True)
class Comparison(Lesson):
    """Scalar activations on one slide.

    Attributes:
        name: Of the slide.
        lessons: Each by itself, at most 15.
    """

    name: str
    lessons: tuple[ScalarActivation, ...] = field(repr=False)

    def numbers(self) -> dict[str, Any]:
        """The numbers of each."""
        return {"activations": {each.name: each.numbers() for each in self.lessons}}

    def __str__(self) -> str:
        return table([each.found for each in self.lessons])

    def figure(self) -> Figure:
        """Curves and their derivatives, in one frame each or in many small ones."""
        from tfviz.draw.figure import new_figure
        from tfviz.learn.palette import slide

        with slide():
            figure = new_figure(12.8, 7.2)
            if len(self.lessons) <= ONE_FRAME:
                self._one_frame(figure)
            else:
                self._small_ones(figure)
        return figure

    def _one_frame(self, figure: Figure) -> None:
        from tfviz.draw.figure import plain
        from tfviz.learn.palette import CYCLE, DASHES, FAINT, HAIR

        figure.text(0.03, 0.945, "Activations, compared", fontsize=22, weight="bold", va="center")
        grid = figure.add_gridspec(1, 2, left=0.05, right=0.98, top=0.86, bottom=0.27, wspace=0.12)
        left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
        heights: dict[Axes, list[np.ndarray]] = {left: [np.zeros(1)], right: [np.zeros(1)]}
        for place, lesson in enumerate(self.lessons):
            colour, dash = CYCLE[place % len(CYCLE)], DASHES[place % len(DASHES)]
            # Where curves lie on each other, the broader one below stays to be seen.
            wide = 2.2 + 0.9 * (len(self.lessons) - 1 - place)
            for number, piece in enumerate(lesson.found.pieces):
                label = plain(lesson.found.activation.brief) if number == 0 else None
                left.plot(piece.x, piece.value, color=colour, linestyle=dash, label=label, lw=wide)
                right.plot(piece.x, piece.slope, color=colour, linestyle=dash, lw=wide)
                heights[left].append(piece.value)
                heights[right].append(piece.slope)
        for axes, title in ((left, "f(x)"), (right, "f'(x), by the tape")):
            axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
            axes.set_title(title)
            axes.set_xlabel("x", labelpad=1)
            axes.set_xlim(*self.lessons[0].found.over)
            _frame(axes, np.concatenate(heights[axes]), 8.0)
        columns = min(len(self.lessons), 6)
        figure.legend(
            *left.get_legend_handles_labels(),
            loc="center",
            bbox_to_anchor=(0.5, 0.165),
            ncols=columns,
            fontsize=15,
            handlelength=2.4,
            columnspacing=1.6,
        )
        told = "   ".join(
            f"{each.found.activation.brief}: {_width(each.found)}" for each in self.lessons
        )
        figure.text(
            0.03,
            0.105,
            "Width of x in which |f'| is over 1 % of its largest:",
            fontsize=13,
            color=FAINT,
            va="center",
        )
        figure.text(0.03, 0.062, plain(told), fontsize=13, va="center")

    def _small_ones(self, figure: Figure) -> None:
        from tfviz.draw.figure import plain
        from tfviz.learn.activations.scalar_picture import shade_zones
        from tfviz.learn.palette import BLUE, FAINT, HAIR, ORANGE, PINK

        figure.text(0.03, 0.955, "f(x)", fontsize=17, weight="bold", color=BLUE, va="center")
        figure.text(0.085, 0.955, "f'(x)", fontsize=17, weight="bold", color=ORANGE, va="center")
        figure.text(
            0.145,
            0.955,
            "grey: |f'| under 1 % of its largest.  x: Keras's f' is wrong there.",
            fontsize=14,
            color=FAINT,
            va="center",
        )
        grid = figure.add_gridspec(
            ROWS, COLUMNS, left=0.03, right=0.985, top=0.87, bottom=0.05, hspace=0.42, wspace=0.18
        )
        for place, lesson in enumerate(self.lessons):
            found = lesson.found
            axes = figure.add_subplot(grid[place // COLUMNS, place % COLUMNS])
            shade_zones(axes, found)
            for piece in found.pieces:
                axes.plot(piece.x, piece.value, color=BLUE, linewidth=2.4)
                axes.plot(piece.x, piece.slope, color=ORANGE, linewidth=1.8)
            for wrong in found.slope.wrong:
                axes.plot(wrong.x, wrong.tape, "x", color=PINK, ms=9, mew=3, zorder=6)
            axes.axhline(0, color=HAIR, linewidth=1, zorder=0)
            axes.set_xlim(*found.over)
            axes.set_ylim(-2.2, 3.2)
            axes.set_yticks([-1, 0, 1, 2])
            low, high = found.over
            axes.set_xticks([low, (low + high) / 2, high])
            axes.set_title(plain(lesson.found.activation.brief), fontsize=14, pad=3)


def told(lessons: Sequence[Lesson]) -> str:
    """What a terminal shows of several: each in full, or of many a table.

    Args:
        lessons: As `activations` returns them.
    """
    scalars = [each for each in lessons if isinstance(each, ScalarActivation)]
    others = [each for each in lessons if not isinstance(each, (ScalarActivation, Comparison))]
    if len(scalars) <= ONE_FRAME:
        compared = [str(each) for each in lessons if isinstance(each, Comparison)]
        return "\n\n".join([*(str(each) for each in (*scalars, *others)), *compared])
    lines = [table([each.found for each in scalars])]
    wrong = [f"{each.name}: {wrong}." for each in scalars for wrong in each.wrong]
    lines += _warned(wrong)
    for each in others:
        lines.append(str(each).split("\n", 1)[0])
        lines += _warned(getattr(each, "warnings", ()))
    lines += ["", "One by itself, with all that is known of it: tfviz learn activation NAME"]
    return "\n".join(lines)


def _warned(sentences: Sequence[str]) -> list[str]:
    return [
        textwrap.fill(each, 79, initial_indent="  ! ", subsequent_indent="    ")
        for each in sentences
    ]


def table(found: list[Study]) -> str:
    """Activations as rows: range, largest gradient, where it lives, kinks, truth."""
    heads = ("activation", "range", "max |f'|", "alive over", "kinks at", "f' by the tape")
    rows = [heads]
    for each in found:
        peak = each.vanishing.peak
        kinks = sorted({short(kink.x) for kink in each.kinks if kink.kind != "bend"}, key=float)
        wrong = each.slope.wrong
        truth = f"wrong at {short(wrong[0].x)}" if wrong else "true"
        rows.append(
            (
                each.activation.brief,
                _range(each),
                "no bound" if math.isinf(peak) else short(peak),
                _width(each),
                ", ".join(kinks) or "-",
                truth,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _range(found: Study) -> str:
    """The values of f, as wide as the column is in most rows."""
    whole = str(found.range)
    return whole if len(whole) <= RANGE else f"{found.range.hull} gaps"


def _width(found: Study) -> str:
    """The x where the gradient is alive, as briefly as can be."""
    zones = [zone for zone in found.vanishing.zones if zone.kind != "turning"]
    if found.vanishing.peak == 0:
        return "nowhere"
    if not math.isinf(found.vanishing.alive):
        return short(found.vanishing.alive)
    if not zones:
        return "all x"
    if math.isinf(zones[0].low):
        return f"x > {short(zones[0].high)}"
    if math.isinf(zones[-1].high):
        return f"x < {short(zones[-1].low)}"
    inner = zones[0]
    return f"|x| > {short(inner.high)}" if inner.low == -inner.high else f"outside {inner}"


def _frame(axes: Axes, heights: np.ndarray, tallest: float) -> None:
    heights = heights[np.isfinite(heights)]
    low, high = max(float(heights.min()), -tallest), min(float(heights.max()), tallest)
    room = max(high - low, 0.2)
    axes.set_ylim(low - 0.06 * room, high + 0.06 * room)
