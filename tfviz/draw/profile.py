"""A map of a signal: which steps mattered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.draw.figure import FAINT, INK, new_figure, plain
from tfviz.draw.overlay import default_colormap, normalize
from tfviz.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, CURVE_HEIGHT, STRIP_HEIGHT = 9.0, 2.2, 0.45


def profile(
    signal: np.ndarray | None,
    heat: np.ndarray,
    *,
    title: str = "",
    colormap: str | None = None,
) -> Figure:
    """Draws a one-dimensional map as a coloured strip under the signal's curve.

    Args:
        signal: (steps,), or (steps, channels) for one curve a channel; None for the strip alone.
        heat: The raw map, floats of shape (cells,); fewer cells than steps are stretched over
            the whole signal.
        title: One line above.
        colormap: A name for `colorize`; by default the one that suits the map.

    Returns:
        A matplotlib figure.

    Raises:
        InputError: If the shapes are others.
    """
    if heat.ndim != 1 or not heat.size:
        raise InputError(
            f"a profile needs a map of shape (steps,), but this one has {heat.shape}: "
            "give one map at a time."
        )
    if signal is not None and (signal.ndim not in (1, 2) or not signal.size):
        raise InputError(
            f"a signal has the shape (steps,) or (steps, channels), but this one has "
            f"{signal.shape}: give one example at a time."
        )
    values, low, high = normalize(heat)
    colours = colorize(values, colormap or default_colormap(low))
    steps = len(heat) if signal is None else len(signal)

    inches = {"title": 0.35 if title else 0.12, "axis": 0.42, "gap": 0.06}
    curve = CURVE_HEIGHT if signal is not None else 0.0
    height = inches["title"] + curve + inches["gap"] + STRIP_HEIGHT + inches["axis"]
    figure = new_figure(WIDTH, height)
    left, width = 0.07, 0.9
    strip = figure.add_axes((left, inches["axis"] / height, width, STRIP_HEIGHT / height))
    strip.imshow(
        colours[np.newaxis],
        aspect="auto",
        extent=(-0.5, steps - 0.5, 0, 1),
        interpolation="nearest",
    )
    strip.set_yticks([])
    told = f"step    (map from {low:.3g} to {high:.3g})"
    strip.set_xlabel(told, color=FAINT, fontsize=9, labelpad=1)
    strip.tick_params(colors=INK, labelsize=8)
    if signal is not None:
        bottom = (inches["axis"] + STRIP_HEIGHT + inches["gap"]) / height
        axes = figure.add_axes((left, bottom, width, curve / height), sharex=strip)
        axes.set_facecolor("white")
        axes.plot(np.arange(steps), signal, color=INK if signal.ndim == 1 else None, linewidth=1)
        axes.tick_params(colors=INK, labelsize=8, labelbottom=False, bottom=False)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.set_xlim(-0.5, steps - 0.5)
    if title:
        figure.text(left, 1 - 0.18 / height, plain(title), va="center", color=INK, fontsize=11)
    return figure
