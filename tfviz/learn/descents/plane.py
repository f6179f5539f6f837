"""A piece of the plane as SVG: from numbers to pixels, with axes and lines cut at its edge."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from tfviz.draw.svg import Svg
from tfviz.learn.palette import FAINT, HAIR

Window = tuple[tuple[float, float], tuple[float, float]]


class Plane:
    """A rectangle of an SVG that shows a window of the plane.

    Args:
        svg: What is drawn on.
        box: Left, top, width and height in pixels.
        window: The x and the y that are shown.
    """

    def __init__(self, svg: Svg, box: tuple[float, float, float, float], window: Window) -> None:
        self.svg, self.box, self.window = svg, box, window

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies, in pixels."""
        left, top, width, height = self.box
        (x0, x1), (y0, y1) = self.window
        return left + (x - x0) / (x1 - x0) * width, top + (y1 - y) / (y1 - y0) * height

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is finite and inside."""
        (x0, x1), (y0, y1) = self.window
        return math.isfinite(x) and math.isfinite(y) and x0 <= x <= x1 and y0 <= y <= y1

    def frame(self, x_label: str, y_label: str) -> None:
        """Edges, ticks at round numbers, and what the axes are."""
        left, top, width, height = self.box
        self.svg.box(left, top, width, height, stroke=HAIR)
        for value in ticks(*self.window[0]):
            x, _ = self.at(value, self.window[1][0])
            self.svg.line([(x, top + height), (x, top + height + 5)], stroke=FAINT, thick=1)
            self.svg.text(x, top + height + 21, f"{value:g}", size=14, fill=FAINT, anchor="middle")
        for value in ticks(*self.window[1]):
            _, y = self.at(self.window[0][0], value)
            self.svg.line([(left - 5, y), (left, y)], stroke=FAINT, thick=1)
            self.svg.text(left - 9, y + 5, f"{value:g}", size=14, fill=FAINT, anchor="end")
        self.svg.text(left + width, top + height + 40, x_label, size=15, anchor="end")
        self.svg.text(left - 38, top - 9, y_label, size=15)

    def path(
        self,
        points: Sequence[Sequence[float]] | np.ndarray,
        *,
        stroke: str,
        thick: float = 2,
        dashed: bool = False,
    ) -> None:
        """A line through points, as much of it as is inside."""
        for piece in self._inside(np.asarray(points, float)):
            self.svg.line(
                [self.at(x, y) for x, y in piece], stroke=stroke, thick=thick, dashed=dashed
            )

    def _inside(self, points: np.ndarray) -> list[list[tuple[float, float]]]:
        pieces: list[list[tuple[float, float]]] = []
        joined = False
        for start, end in itertools.pairwise(points):
            part = cut(tuple(start), tuple(end), self.window)
            if part is None:
                joined = False
                continue
            if joined and pieces[-1][-1] == part[0]:
                pieces[-1].append(part[1])
            else:
                pieces.append(list(part))
            joined = part[1] == tuple(end)
        return pieces


def cut(
    start: tuple[float, float], end: tuple[float, float], window: Window
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a line that is inside a window; None where there is none.

    Source: Liang and Barsky, "A new concept and method for line clipping", 1984.

    >>> cut((0.0, 0.0), (4.0, 0.0), ((1, 2), (-1, 1)))
    ((1.0, 0.0), (2.0, 0.0))
    """
    if not all(map(math.isfinite, (*start, *end))):
        return None
    first, last = 0.0, 1.0
    step = (end[0] - start[0], end[1] - start[1])
    for origin, way, (low, high) in zip(start, step, window, strict=True):
        if way == 0:
            if not low <= origin <= high:
                return None
            continue
        enter, leave = sorted(((low - origin) / way, (high - origin) / way))
        first, last = max(first, enter), min(last, leave)
    if first > last:
        return None

    def on(part: float) -> tuple[float, float]:
        # The ends as they are: a multiplication may miss them by a bit.
        if part in (0.0, 1.0):
            return end if part else start
        return start[0] + part * step[0], start[1] + part * step[1]

    return on(first), on(last)


def ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Round numbers between two.

    >>> ticks(-2.6, 2.6)
    [-2.0, -1.0, 0.0, 1.0, 2.0]
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    width = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.9)
    first, last = math.ceil(low / width - 1e-9), math.floor(high / width + 1e-9)
    return [round(each * width, 10) + 0.0 for each in range(first, last + 1)]
