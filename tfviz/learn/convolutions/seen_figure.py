"""A convolution as one picture: input with padding, kernel, output, and taps of a few pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.convolutions.seen import SeenConvolution, short
from tfviz.learn.palette import BLUE, FAINT, GREEN, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

PADDED = "#e4e6e9"
# In inches: where the grids begin, and how high they may be.
BOTTOM, ROOM = 1.2, 4.95
MARKS = (ORANGE, BLUE, GREEN)
# How many letters as high as the cell is wide go into it, with room for the frames.
DIGITS = 1.35
SMALL = 9.0


def shown_pixels(lesson: SeenConvolution) -> list[tuple[int, int]]:
    """Output pixels worth a colour: the first, one amid, the last."""
    rows, columns = lesson.output.shape
    wanted = [(0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)]
    return list(dict.fromkeys(wanted))


def draw(lesson: SeenConvolution) -> Figure:
    """The picture."""
    before = [lesson.padding(axis)[0] for axis in (0, 1)]
    behind = [lesson.padding(axis)[1] for axis in (0, 1)]
    around = np.pad(
        lesson.input.astype(float), list(zip(before, behind, strict=True)), constant_values=np.nan
    )
    # One size of cell for all three, so that they can be held against each other.
    grids = (around.shape, lesson.kernel.shape, lesson.output.shape)
    wide = sum(each[1] for each in grids)
    tall = max(each[0] for each in grids)
    cell = min(11.6 / wide, ROOM / tall, 0.62)
    with slide():
        figure = new_figure(12.8, 7.2)
        gap = (12.8 - 0.5 - cell * wide) / 3
        left = 0.25 + gap / 2
        for index, (name, values) in enumerate(
            zip(("input", "kernel", "output"), (around, lesson.kernel, lesson.output), strict=True)
        ):
            height, width = values.shape
            axes = figure.add_axes(
                (
                    left / 12.8,
                    (BOTTOM + (ROOM - cell * tall) / 2 + cell * (tall - height) / 2) / 7.2,
                    cell * width / 12.8,
                    cell * height / 7.2,
                )
            )
            _cells(axes, values, cell)
            size = lesson.input.shape if index == 0 else values.shape
            axes.set_title(f"{name} {size[0]}x{size[1]}", fontsize=15)
            if index == 0:
                _looks(axes, lesson, before, cell)
            elif index == 2:
                for (row, column), colour in zip(shown_pixels(lesson), MARKS, strict=False):
                    _frame(axes, row, column, colour, 0.0)
            left += cell * width + gap
        geometry = lesson.geometry
        figure.text(
            0.02,
            0.955,
            plain(
                f"{lesson.kernel_name}: strides {geometry.strides[0]}, padding "
                f"'{geometry.padding}', dilation {geometry.dilation[0]}"
                if geometry.strides[0] == geometry.strides[1]
                and geometry.dilation[0] == geometry.dilation[1]
                else f"{lesson.kernel_name}: strides {geometry.strides}, padding "
                f"'{geometry.padding}', dilation {geometry.dilation}"
            ),
            fontsize=18,
            va="center",
        )
        told = [
            *lesson.sizes(),
            "gray: padding, which counts as 0.  Colours: output pixels and "
            "the taps they look through.",
        ]
        for number, line in enumerate(reversed(told)):
            figure.text(
                0.02,
                0.04 + 0.045 * number,
                plain(line),
                fontsize=13,
                va="center",
                color=FAINT if number == 0 else INK,
            )
    return figure


def _cells(axes: Axes, values: np.ndarray, cell: float) -> None:
    height, width = values.shape
    # As large as the cell has room for; numbers that would be too small are cut to two digits.
    write, size = short, _letters(values, short, cell)
    if size < SMALL:
        write, size = _brief, _letters(values, _brief, cell)
    for row in range(height):
        for column in range(width):
            value = values[row, column]
            padded = not np.isfinite(value)
            axes.add_patch(_square(row, column, PADDED if padded else "white", HAIR))
            axes.text(
                column,
                row,
                "0" if padded else write(float(value)),
                ha="center",
                va="center",
                fontsize=size,
                color=FAINT if padded else INK,
            )
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _letters(values: np.ndarray, write: Callable[[float], str], cell: float) -> float:
    """How large letters may be, in points, for the longest number to go into a cell."""
    longest = max(len(write(float(each))) for each in values.ravel() if np.isfinite(each))
    return min(15.0, cell * 72 * DIGITS / max(3, longest))


def _brief(value: float) -> str:
    """Fractions with two digits and without the zero before the point.

    >>> _brief(0.0204), _brief(-0.25), _brief(117.0)
    ('.02', '-.25', '117')
    """
    if value == int(value):
        return short(value)
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.3g}"


def _square(row: int, column: int, fill: str, edge: str) -> Rectangle:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=fill, edgecolor=edge, linewidth=1)


def _frame(
    axes: Axes, row: int, column: int, colour: str, inset: float, thick: float = 2.6
) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (column - 0.5 + inset, row - 0.5 + inset),
            1 - 2 * inset,
            1 - 2 * inset,
            facecolor="none",
            edgecolor=colour,
            linewidth=thick,
            zorder=4,
            clip_on=False,
        )
    )


def _looks(axes: Axes, lesson: SeenConvolution, before: list[int], cell: float) -> None:
    # In small cells thinner ones, or they cover the digits.
    thick = min(2.6, 5.0 * cell)
    for number, ((row, column), colour) in enumerate(
        zip(shown_pixels(lesson), MARKS, strict=False)
    ):
        for tap in lesson.taps(row, column):
            # Where two look through the same pixel both frames are seen, one within the other.
            inset = 0.04 + 0.065 * number
            _frame(axes, tap.row + before[0], tap.column + before[1], colour, inset, thick)
