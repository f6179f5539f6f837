"""A map of a volume, as a row of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.colormaps import colorize
from tfviz.draw.grid import grid
from tfviz.draw.overlay import default_colormap, normalize
from tfviz.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 8


def slices(
    heat: np.ndarray,
    *,
    title: str = "",
    most: int = MOST,
    columns: int | None = None,
    colormap: str | None = None,
) -> Figure:
    """Draws a three-dimensional map as slices along its first axis, all on one scale.

    Args:
        heat: The raw map, floats of shape (depth, height, width).
        title: One line above everything.
        most: Deeper volumes are sampled at this many evenly spaced slices, first and last
            included.
        columns: How many in a row; by default all of them.
        colormap: A name for `colorize`; by default the one that suits the map.

    Returns:
        A matplotlib figure; each slice is titled with its index.

    Raises:
        InputError: If the map isn't three-dimensional, or no slice is asked for.
    """
    if heat.ndim != 3 or not heat.size:
        raise InputError(
            f"slices need a map of shape (depth, height, width), but this one has {heat.shape}: "
            "give one map at a time."
        )
    if most < 1:
        raise InputError(f"{most} slices can't be drawn: use 1 or more.")
    values, low, _ = normalize(heat)
    name = colormap or default_colormap(low)
    depth = len(heat)
    chosen = np.unique(np.rint(np.linspace(0, depth - 1, min(most, depth))).astype(int))
    return grid(
        [colorize(values[index], name) for index in chosen],
        columns=columns or len(chosen),
        titles=[f"{index} of {depth}" for index in chosen],
        title=title,
    )
