"""Values from 0 to 1 as colours."""

from __future__ import annotations

import functools

import numpy as np

from tfviz.errors import InputError, nearest

DEFAULT = "plasma"
"""For maps without negative values. Perceptually uniform and safe for colour-blind eyes, like
viridis and inferno; its magenta rim stands out from skin, fur, grass and sky, where inferno
melts into warm photos and viridis into green ones."""

DIVERGING = "RdBu_r"
"""For signed maps: blue below zero, white at zero, red above, safe for colour-blind eyes."""

COLORMAPS = (
    "plasma",
    "viridis",
    "inferno",
    "magma",
    "cividis",
    "turbo",
    "jet",
    "gray",
    "RdBu_r",
    "PuOr_r",
    "coolwarm",
)
"""The names to offer; every other name that matplotlib knows is accepted, too."""

UNSEEN = (205, 205, 205)
"""What a value that is NaN looks like: a grey that none of the default maps contains."""

LEVELS = 256


def colorize(values01: np.ndarray, name: str = DEFAULT) -> np.ndarray:
    """Looks up the colour of every value.

    Args:
        values01: Floats of any shape; what lies outside 0..1 gets the colour of the nearer end.
        name: One of `COLORMAPS`, or any other colour map of matplotlib.

    Returns:
        uint8 RGB of shape (..., 3); NaN becomes `UNSEEN`.

    Raises:
        InputError: If there is no such colour map.

    >>> colorize(np.array([0.0, 1.0]), "gray").tolist()
    [[0, 0, 0], [255, 255, 255]]
    """
    values = np.asarray(values01, np.float32)
    level = np.nan_to_num(values, nan=0.0) * (LEVELS - 1)
    colours = table(name).take(np.clip(np.rint(level), 0, LEVELS - 1).astype(np.intp), axis=0)
    colours[np.isnan(values)] = UNSEEN
    return colours


@functools.lru_cache(maxsize=32)
def table(name: str) -> np.ndarray:
    """All colours of a map.

    Args:
        name: As for `colorize`.

    Returns:
        uint8 RGB of shape (LEVELS, 3), read-only.

    Raises:
        InputError: If there is no such colour map.
    """
    import matplotlib

    if name not in matplotlib.colormaps:
        raise InputError(
            f"there is no colour map '{name}': use one of {', '.join(COLORMAPS)}, or another name "
            f"that matplotlib knows.{nearest(name, matplotlib.colormaps)}"
        )
    rgba = matplotlib.colormaps[name](np.linspace(0, 1, LEVELS))
    table = np.rint(rgba[:, :3] * 255).astype(np.uint8)
    table.flags.writeable = False
    return table
