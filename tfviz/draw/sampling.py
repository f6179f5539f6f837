"""Where the taps of a kernel sample, drawn on the picture they sample from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tfviz.draw.figure import FAINT, INK, new_figure, plain, shorten
from tfviz.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's, without the two that are lost on gray: told apart with every kind of eyes.
COLOURS = ("#E69F00", "#56B4E9", "#F0E442", "#009E73", "#CC79A7", "#D55E00")
CELL, GAP, TITLE, HEADING = 2.9, 0.12, 0.3, 0.42
MOST_COLUMNS = 4
# More arrows than this along one side are a lawn.
MOST_ARROWS = 16
# How far back the picture stands behind what is drawn on it.
PALE = 0.45
FOOT = 0.3
NOTE = (
    "+ where an output pixel stands  ·  ● a sample, larger the more it counts  ·  "
    "line: from where the tap would stand  ·  gray margin: zero padding"
)

Panel = tuple[str, np.ndarray, np.ndarray, np.ndarray | None]


class Field(NamedTuple):
    """Arrows: where they begin and how far they go, each (count, 2), y and x in pixels."""

    start: np.ndarray
    step: np.ndarray


def field(positions: np.ndarray, offsets: np.ndarray) -> Field:
    """The offset field: for output pixels, how far their taps moved on average.

    Args:
        positions: (height, width, taps, 2), where the taps stand without offsets.
        offsets: The same shape, how far each moved.

    Returns:
        An arrow for every output pixel, or for evenly chosen ones where there are many.
    """
    every = max(1, math.ceil(max(positions.shape[:2]) / MOST_ARROWS))
    # From the middle of what is left over at the end.
    first = [(size - 1) % every // 2 for size in positions.shape[:2]]
    where = np.s_[first[0] :: every, first[1] :: every]
    return Field(
        positions[where].mean(axis=2).reshape(-1, 2), offsets[where].mean(axis=2).reshape(-1, 2)
    )


def gallery(
    picture: np.ndarray,
    panels: Sequence[Panel],
    *,
    input_size: tuple[int, int],
    arrows: Field | None = None,
    columns: int | None = None,
    title: str = "",
    note: str = NOTE,
) -> Figure:
    """Draws sets of sampling points side by side, each on the picture.

    Each chosen output pixel has a colour. A cross marks the middle of its plain taps, a dot each
    sample, larger and fuller the more it counts; a line leads from where the plain tap stands.
    What lies outside the picture is drawn in the gray around it: there is the zero padding.

    Args:
        picture: uint8 RGB of shape (height, width, 3), in any size.
        panels: (title, points, plain points, weights): points of shape (output pixels, taps, 2),
            y and x in pixels of the input; weights (output pixels, taps), or None.
        input_size: Height and width of what the points lie in, which the picture shows whole.
        arrows: Drawn in a panel of their own at the end.
        columns: How many in a row; by default up to four.
        title: One line above everything.
        note: Small print below, by default what the signs mean.

    Returns:
        A matplotlib figure. Notebooks display it; `.savefig` writes it.

    Raises:
        InputError: When the picture is none or shapes don't fit.
    """
    _refuse(picture, panels)
    count = len(panels) + (arrows is not None)
    across = min(columns or min(count, MOST_COLUMNS), count)
    down = math.ceil(count / across)
    margin = _margin(panels, input_size)
    height, width = (size + 2 * margin for size in input_size)
    tall = CELL * min(1.6, max(0.5, height / width))
    heading = HEADING if title else 0.0
    page_width = GAP + across * (CELL + GAP)
    foot = FOOT if note else 0.0
    page_height = heading + down * (tall + TITLE + GAP) + GAP + foot
    figure = new_figure(page_width, page_height)
    if title:
        figure.text(
            GAP / page_width,
            1 - (GAP + heading / 2) / page_height,
            plain(shorten(title, int(page_width * 8))),
            color=INK,
            fontsize=14,
            weight="bold",
            va="center",
        )

    if note:
        room = int(page_width * 13)
        figure.text(
            GAP / page_width,
            (GAP + foot) / 2 / page_height,
            plain(shorten(note, room)),
            color=FAINT,
            fontsize=9.5,
            va="center",
        )

    def cell(index: int, told: str) -> Axes:
        row, column = divmod(index, across)
        left = GAP + column * (CELL + GAP)
        top = heading + GAP + row * (tall + TITLE + GAP) + TITLE
        figure.text(
            left / page_width,
            1 - (top - TITLE / 2) / page_height,
            plain(shorten(told, int(CELL * 11))),
            color=INK,
            fontsize=12,
            va="center",
        )
        axes = figure.add_axes(
            (
                left / page_width,
                1 - (top + tall) / page_height,
                CELL / page_width,
                tall / page_height,
            )
        )
        _ground(axes, picture, input_size, margin)
        return axes

    for index, (told, points, before, weights) in enumerate(panels):
        _taps(cell(index, told), points, before, weights)
    if arrows is not None:
        longest = float(np.linalg.norm(arrows.step, axis=-1).max()) if len(arrows.step) else 0.0
        axes = cell(len(panels), f"mean offset, longest {longest:.3g} px")
        _arrows(axes, arrows)
    return figure


def _refuse(picture: np.ndarray, panels: Sequence[Panel]) -> None:
    if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
        raise InputError(
            f"the picture has the shape {picture.shape} and the type {picture.dtype}: give a uint8 "
            "array of shape (height, width, 3)."
        )
    if not panels:
        raise InputError("there are no sampling points to draw: give at least one panel.")
    for told, points, before, weights in panels:
        if points.ndim != 3 or points.shape[-1] != 2 or points.shape != before.shape:
            raise InputError(
                f"the points of '{told}' have the shape {points.shape} and their plain ones "
                f"{before.shape}: give (output pixels, taps, 2) for both."
            )
        if weights is not None and weights.shape != points.shape[:2]:
            raise InputError(
                f"the weights of '{told}' have the shape {weights.shape} for points of "
                f"{points.shape}: give one for each tap."
            )


def _margin(panels: Sequence[Panel], input_size: tuple[int, int]) -> float:
    """How much padding is shown: as far as points reach, at most a quarter of the picture."""
    beyond = 0.5
    for _, points, _, _ in panels:
        finite = points[np.isfinite(points).all(axis=-1)]
        if len(finite):
            over = finite - (np.array(input_size) - 1)
            beyond = max(beyond, float(over.max()) + 1, 1 - float(finite.min()))
    return min(beyond, max(input_size) / 4)


def _ground(axes: Axes, picture: np.ndarray, input_size: tuple[int, int], margin: float) -> None:
    """The picture, pale, in pixels of the input, with padding around it."""
    height, width = input_size
    pale = (255 - (255 - picture.astype(np.float32)) * (1 - PALE)).astype(np.uint8)
    axes.imshow(
        pale,
        extent=(-0.5, width - 0.5, height - 0.5, -0.5),
        interpolation="nearest" if max(picture.shape[:2]) < 400 else "antialiased",
        aspect="equal",
    )
    axes.set_xlim(-0.5 - margin, width - 0.5 + margin)
    axes.set_ylim(height - 0.5 + margin, -0.5 - margin)
    axes.set_facecolor("#e4e6e9")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _taps(axes: Axes, points: np.ndarray, before: np.ndarray, weights: np.ndarray | None) -> None:
    strongest = 1.0 if weights is None else max(float(np.nanmax(np.abs(weights))), 1e-12)
    for index, (each, start) in enumerate(zip(points, before, strict=True)):
        colour = COLOURS[index % len(COLOURS)]
        counts = np.ones(len(each)) if weights is None else np.abs(weights[index]) / strongest
        counts = np.nan_to_num(counts)
        for ends in zip(start, each, strict=True):
            down, right = zip(*ends, strict=True)
            # A dark rim, so that a light colour is seen on a light picture.
            axes.plot(right, down, color=INK, linewidth=2.0, alpha=0.55, zorder=2)
            axes.plot(right, down, color=colour, linewidth=1.2, zorder=2.5)
        middle = start.mean(axis=0)
        axes.plot(middle[1], middle[0], "+", color=INK, markersize=13, markeredgewidth=2, zorder=3)
        axes.scatter(
            each[:, 1],
            each[:, 0],
            s=14 + 40 * counts,
            c=[(*_rgb(colour), 0.25 + 0.75 * count) for count in counts],
            edgecolors=INK,
            linewidths=0.8,
            zorder=4,
        )


def _arrows(axes: Axes, arrows: Field) -> None:
    """In their true length, so that they can be held against the taps."""
    y, x = arrows.start.T
    down, right = arrows.step.T
    axes.scatter(x, y, s=3, c=FAINT, zorder=2)
    axes.quiver(
        x,
        y,
        right,
        down,
        angles="xy",
        scale_units="xy",
        scale=1,
        color="#B5367A",
        width=0.007,
        headwidth=4,
        zorder=3,
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]
