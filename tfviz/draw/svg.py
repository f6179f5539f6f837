"""A small writer of SVG: boxes, lines, arrows and words, the same bytes every time."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

# Widths in parts of the size of the letters: wide enough for every font named above, so that what
# is drawn around words holds them wherever the page is opened.
_NARROW, _WIDE = frozenset("ijl.,:;|!'()[]{} /It"), frozenset("mwMW@%")


def text_width(text: str, size: float, *, mono: bool = False) -> float:
    """About how wide words are, in pixels; rather too wide than too narrow."""
    if mono:
        return 0.62 * size * len(text)
    parts = (
        0.36 if c in _NARROW else 0.95 if c in _WIDE else 0.66 if c.isupper() else 0.6 for c in text
    )
    return size * sum(parts)


class Svg:
    """A picture that is drawn on in pixels from its upper left corner.

    Args:
        width: In pixels.
        height: In pixels.
        title: What it shows, for screen readers.
        least: A page may show it smaller to fit its width, but not below so many pixels; then it
            scrolls.

    Attributes:
        at: How far across, as a part of the width, that lies which a page that scrolls should show;
            None for nowhere.
    """

    def __init__(self, width: float, height: float, title: str = "", least: float = 0) -> None:
        self.width, self.height, self.title, self.least = width, height, title, least
        self.at: float | None = None
        self._parts: list[str] = []

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
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" '
            f'rx="{_n(radius)}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(thick)}"/>'
        )

    def circle(self, x: float, y: float, radius: float, *, fill: str, stroke: str = "none") -> None:
        """A disc."""
        self._parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}" stroke="{stroke}"/>'
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
        """A line through points, with a head at its end where asked."""
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._parts.append(
            f'<polyline points="{path}" fill="none" stroke="{stroke}" '
            f'stroke-width="{_n(thick)}"{dash}/>'
        )
        if arrow:
            self._head(points[-2], points[-1], stroke, thick)

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
        middle = (start[0] + end[0]) / 2
        self._parts.append(
            f'<path d="M{_n(start[0])},{_n(start[1])} C{_n(middle)},{_n(start[1])} '
            f'{_n(middle)},{_n(end[1])} {_n(end[0])},{_n(end[1])}" fill="none" '
            f'stroke="{stroke}" stroke-width="{_n(thick)}"/>'
        )
        if arrow:
            # Its last stretch is nearly level.
            before = (end[0] - (8 if end[0] >= start[0] else -8), end[1])
            self._head(before, end, stroke, thick)

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
        """Words; `y` is their baseline, `anchor` 'start', 'middle' or 'end'."""
        weight = ' font-weight="600"' if bold else ""
        family = f' font-family="{MONO}"' if mono else ""
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{fill}" '
            f'text-anchor="{anchor}"{weight}{family} xml:space="preserve">{escape(text)}</text>'
        )

    def raw(self, element: str) -> None:
        """An element as it is."""
        self._parts.append(element)

    def __str__(self) -> str:
        name = f" aria-label={quoteattr(self.title)}" if self.title else ""
        if self.least:
            name += f' style="min-width:{_n(self.least)}px"'
        if self.at is not None:
            name += f' data-at="{_n(self.at)}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" role="img"{name} '
                f'width="{_n(self.width)}" height="{_n(self.height)}" '
                f'viewBox="0 0 {_n(self.width)} {_n(self.height)}" font-family="{FONT}">',
                *self._parts,
                "</svg>",
            ]
        )

    def _head(
        self, before: tuple[float, float], end: tuple[float, float], fill: str, thick: float
    ) -> None:
        dx, dy = end[0] - before[0], end[1] - before[1]
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        dx, dy = dx / length, dy / length
        size = 5 + 2 * thick
        left = (end[0] - size * dx - size * dy / 2, end[1] - size * dy + size * dx / 2)
        right = (end[0] - size * dx + size * dy / 2, end[1] - size * dy - size * dx / 2)
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in (end, left, right))
        self._parts.append(f'<polygon points="{points}" fill="{fill}"/>')


def _n(value: float) -> str:
    """A number in as few digits as a picture needs."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
