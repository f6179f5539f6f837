"""Lines of equal height of a surface, for every picture of it."""

from __future__ import annotations

import contourpy
import numpy as np

from tfviz.learn.descents.plane import Window
from tfviz.learn.optimizers.surfaces import Surface

LINES = 9
SAMPLES = (161, 161)


def levels(heights: np.ndarray, lowest: float) -> np.ndarray:
    """Heights to draw lines at: ever farther apart, so that the bottom is not one white spot."""
    span = float(heights.max()) - lowest
    return lowest + np.geomspace(span * 2e-4, span * 0.75, LINES)


def fitted(surface: Surface, aspect: float) -> Window:
    """The surface's window, widened until it is so many times as wide as high.

    A step down the gradient crosses a line of equal height at a right angle only where x and y are
    drawn to the same scale.
    """
    (left, right), (low, high) = surface.window
    width, height = right - left, high - low
    more_width = max(0.0, aspect * height - width) / 2
    more_height = max(0.0, width / aspect - height) / 2
    return (left - more_width, right + more_width), (low - more_height, high + more_height)


def contours(
    surface: Surface, window: Window, *, samples: tuple[int, int] = SAMPLES
) -> list[np.ndarray]:
    """The lines of equal height within a window, each (points, 2)."""
    _, _, own = surface.on_grid(samples)
    x, y, heights = surface.on_grid(samples, window)
    generator = contourpy.contour_generator(x, y, heights)
    found: list[np.ndarray] = []
    for level in levels(own, surface.lowest):
        found += [np.asarray(line) for line in generator.lines(level)]
    return found
