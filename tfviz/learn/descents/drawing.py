"""Descents as a picture: a panel for each learning rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.palette import BLUE, FAINT, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.descents.functions import Curve
    from tfviz.learn.descents.lesson import Descent, Walk

# So many tangents are told apart.
TANGENTS = 3
SAMPLES = 241
# Letters that stand above one of three panels in a row; more go into two lines.
ROOM = 39


def graph(
    curve: Curve, window: tuple[float, float], samples: int = SAMPLES
) -> tuple[np.ndarray, np.ndarray]:
    """Points of the function's graph, x and y."""
    x = np.linspace(*window, samples)
    return x, curve.function(tf.constant(x)).numpy()


def window_of(lesson: Descent) -> tuple[tuple[float, float], tuple[float, float]]:
    """The x and y that are shown: the curve's own window, and the start."""
    low, high = lesson.curve.window
    reach = abs(lesson.start) * 1.3 if not low < lesson.start < high else 0.0
    across = (min(low, -reach), max(high, reach))
    _, y = graph(lesson.curve, across)
    bottom, top = float(y.min()), float(y.max())
    return across, (bottom - 0.14 * (top - bottom), top)


def panels(lesson: Descent) -> Figure:
    """The picture."""
    count = len(lesson.walks)
    columns = min(3, count)
    rows = math.ceil(count / columns)
    with slide():
        figure = new_figure(12.8, 7.2 if rows == 2 else 1.4 + 3.2 * rows if rows > 2 else 5.6)
        figure.suptitle(
            plain(
                f"x ← x - rate · f'(x)   on   f(x) = {lesson.curve.formula},   "
                f"from x = {lesson.start:g}"
            ),
            x=0.03,
            ha="left",
            fontsize=18,
            color=INK,
        )
        figure.text(
            0.985,
            0.945,
            f"black: the start    orange: tangents at the first {TANGENTS} places",
            ha="right",
            color=FAINT,
            fontsize=13,
        )
        axes = np.ravel(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False))
        for each, walk in zip(axes, lesson.walks, strict=False):
            _panel(each, lesson, walk)
        for each in axes[count:]:
            each.set_axis_off()
        figure.subplots_adjust(
            left=0.05, right=0.985, top=0.85, bottom=0.075, wspace=0.09, hspace=0.3
        )
    return figure


def _panel(axes: Axes, lesson: Descent, walk: Walk) -> None:
    across, up = window_of(lesson)
    x, y = graph(lesson.curve, across)
    axes.plot(x, y, color=HAIR, linewidth=4, zorder=1)
    axes.set_xlim(across)
    axes.set_ylim(up)
    reach = (across[1] - across[0]) * 0.16
    for place, value, slope in list(zip(walk.x, walk.y, walk.slope, strict=True))[:TANGENTS]:
        # As long on the page whatever its slope.
        scale = (up[1] - up[0]) / (across[1] - across[0]) / 0.62
        run = reach / math.sqrt(1 + (slope / scale) ** 2)
        ends = np.array([place - run, place + run])
        axes.plot(ends, value + slope * (ends - place), color=ORANGE, linewidth=1.6, zorder=2)
    outside = _outside(walk, across, up)
    shown = len(walk.x) if outside is None else outside + 1
    axes.plot(walk.x[:shown], walk.y[:shown], color=BLUE, linewidth=1.3, zorder=3)
    axes.plot(
        walk.x[:shown],
        walk.y[:shown],
        "o",
        color=BLUE,
        markersize=6.5,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=4,
    )
    axes.plot(walk.x[0], walk.y[0], "o", color=INK, markersize=9, zorder=5)
    left = "" if outside is None else f", leaves at step {outside}"
    told = f"rate {walk.rate:.4g}: {walk.verdict}{left}"
    if len(told) > ROOM:
        told = f"rate {walk.rate:.4g}:\n{walk.verdict}{left}"
    axes.set_title(told, color=INK, fontsize=14.5)


def _outside(walk: Walk, across: tuple[float, float], up: tuple[float, float]) -> int | None:
    """The first step that lies outside the picture."""
    for number, (x, y) in enumerate(zip(walk.x, walk.y, strict=True)):
        if not (across[0] <= x <= across[1] and y <= up[1]):
            return number
    return None
