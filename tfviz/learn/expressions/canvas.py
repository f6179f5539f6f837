"""The strokes of `tfviz.draw.svg.Svg` on a matplotlib figure too: one drawing, two files."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from tfviz.draw.svg import Svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SLIDE = (1280, 720)
LARGEST = 2.0
"""Small drawings are enlarged to fill a slide, but at most so much."""
MOST_GROWN = 3.0
"""A figure of 3840 x 2160 pixels; what is larger still is drawn smaller."""


class Canvas(Protocol):
    """What can be drawn on, in pixels from the upper left corner."""

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        radius: float = 0,
        thick: float = 1,
    ) -> None:
        """A rectangle."""

    def circle(self, x: float, y: float, radius: float, *, fill: str, stroke: str = "none") -> None:
        """A disc."""

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        stroke: str,
        thick: float = 1.5,
        dashed: bool = False,
        arrow: bool = False,
    ) -> None:
        """A line through points."""

    def curve(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        stroke: str,
        thick: float = 1.5,
        arrow: bool = False,
    ) -> None:
        """A curve that leaves and arrives level."""

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 14,
        fill: str = "#222222",
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
    ) -> None:
        """Words on a baseline."""


Draw = Callable[[Canvas], None]


def as_svg(draw: Draw, width: float, height: float, title: str) -> str:
    """A drawing as SVG text."""
    svg = Svg(width, height, title)
    svg.box(0, 0, width, height, fill="#ffffff")
    draw(svg)
    return str(svg)


def as_figure(draw: Draw, width: float, height: float) -> Figure:
    """A drawing as a figure of the proportions of a slide, in its middle, as large as fits.

    One that is larger than a slide makes the figure larger, within reason, so that nothing is
    drawn smaller than it was meant.
    """
    from tfviz.draw.figure import DPI, new_figure
    from tfviz.learn.palette import slide

    scale = min(LARGEST, SLIDE[0] / width, SLIDE[1] / height)
    grown = min(max(1.0, 1 / scale), MOST_GROWN)
    wide, high = (side * grown for side in SLIDE)
    scale *= grown
    with slide():
        figure = new_figure(wide / DPI, high / DPI)
        draw(_Paper(figure, (wide, high), scale, (width, height)))
    return figure


class _Paper:
    """A matplotlib figure that takes the strokes."""

    def __init__(
        self,
        figure: Figure,
        size: tuple[float, float],
        scale: float,
        drawing: tuple[float, float],
    ) -> None:
        from tfviz.draw.figure import DPI

        self.scale, self.points = scale, 72 / DPI
        self.left = (size[0] - scale * drawing[0]) / 2
        self.top = (size[1] - scale * drawing[1]) / 2
        self.axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_xlim(0, size[0])
        self.axes.set_ylim(size[1], 0)
        self.axes.set_axis_off()
        # Otherwise lines would lie on all boxes, whatever came first.
        self.strokes = itertools.count(1)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + self.scale * x, self.top + self.scale * y

    def _thick(self, thick: float) -> float:
        return thick * self.scale * self.points

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str = "none",
        stroke: str = "none",
        radius: float = 0,
        thick: float = 1,
    ) -> None:
        from matplotlib.patches import FancyBboxPatch

        # Its corners come on top of the size it is given.
        r = self.scale * radius
        left, top = self._at(x, y)
        self.axes.add_patch(
            FancyBboxPatch(
                (left + r, top + r),
                self.scale * width - 2 * r,
                self.scale * height - 2 * r,
                boxstyle=f"round,pad={r},rounding_size={r}" if r else "square,pad=0",
                facecolor=fill,
                edgecolor=stroke,
                linewidth=self._thick(thick),
                mutation_aspect=1,
                zorder=next(self.strokes),
            )
        )

    def circle(self, x: float, y: float, radius: float, *, fill: str, stroke: str = "none") -> None:
        from matplotlib.patches import Circle

        self.axes.add_patch(
            Circle(
                self._at(x, y),
                self.scale * radius,
                facecolor=fill,
                edgecolor=stroke,
                linewidth=self._thick(1.5),
                zorder=next(self.strokes),
            )
        )

    def line(
        self,
        points: Sequence[tuple[float, float]],
        *,
        stroke: str,
        thick: float = 1.5,
        dashed: bool = False,
        arrow: bool = False,
    ) -> None:
        placed = [self._at(*each) for each in points]
        self.axes.plot(
            [x for x, _ in placed],
            [y for _, y in placed],
            color=stroke,
            linewidth=self._thick(thick),
            linestyle=(0, (3, 2)) if dashed else "-",
            solid_capstyle="butt",
            zorder=next(self.strokes),
        )
        if arrow:
            self._head(placed[-2], placed[-1], stroke, thick)

    def curve(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        stroke: str,
        thick: float = 1.5,
        arrow: bool = False,
    ) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        middle = (start[0] + end[0]) / 2
        corners = [start, (middle, start[1]), (middle, end[1]), end]
        path = Path(
            [self._at(*each) for each in corners],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        self.axes.add_patch(
            PathPatch(
                path,
                facecolor="none",
                edgecolor=stroke,
                linewidth=self._thick(thick),
                zorder=next(self.strokes),
            )
        )
        if arrow:
            before = (end[0] - (8 if end[0] >= start[0] else -8), end[1])
            self._head(self._at(*before), self._at(*end), stroke, thick)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 14,
        fill: str = "#222222",
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
    ) -> None:
        from tfviz.draw.figure import plain

        side = {"start": "left", "middle": "center", "end": "right"}[anchor]
        self.axes.text(
            *self._at(x, y),
            plain(text),
            fontsize=size * self.scale * self.points,
            color=fill,
            ha=side,
            va="baseline",
            fontweight="bold" if bold else "normal",
            family="monospace" if mono else None,
            zorder=next(self.strokes),
        )

    def _head(
        self, before: tuple[float, float], end: tuple[float, float], fill: str, thick: float
    ) -> None:
        from matplotlib.patches import Polygon

        dx, dy = end[0] - before[0], end[1] - before[1]
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        dx, dy = dx / length, dy / length
        size = (5 + 2 * thick) * self.scale
        left = (end[0] - size * dx - size * dy / 2, end[1] - size * dy + size * dx / 2)
        right = (end[0] - size * dx + size * dy / 2, end[1] - size * dy - size * dx / 2)
        self.axes.add_patch(
            Polygon(
                [end, left, right],
                closed=True,
                color=fill,
                linewidth=0,
                zorder=next(self.strokes),
            )
        )
