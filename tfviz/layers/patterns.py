"""Offsets that anybody can picture: a dilated kernel, a turned one, a random one. No TensorFlow.

Each gives (taps, 2): how far every tap is moved, y first, in pixels. The same for all output pixels
is `np.broadcast_to(offsets.reshape(-1), (batch, height, width, 2 * taps))`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfviz.layers.geometry import pair


def _taps(kernel_size: Any) -> np.ndarray:
    """The taps as seen from the middle of the kernel, (taps, 2)."""
    height, width = pair(kernel_size, "kernel_size")
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return np.stack([y - (height - 1) / 2, x - (width - 1) / 2], axis=-1).reshape(-1, 2)


def dilated(kernel_size: Any, factor: float) -> np.ndarray:
    """Offsets that spread a kernel: deformation has dilation as a special case.

    Args:
        kernel_size: An integer, or height and width.
        factor: How many times as far apart; 2 is `dilation_rate=2`, below 1 draws taps together.

    Returns:
        (taps, 2), float64, in pixels.

    >>> dilated((1, 3), 2).tolist()
    [[0.0, -1.0], [0.0, 0.0], [0.0, 1.0]]
    """
    return (factor - 1) * _taps(kernel_size)


def rotated(kernel_size: Any, degrees: float) -> np.ndarray:
    """Offsets that turn a kernel about its middle.

    Args:
        kernel_size: An integer, or height and width.
        degrees: Counter-clockwise, as a person sees the image.

    Returns:
        (taps, 2), float64, in pixels.
    """
    taps, angle = _taps(kernel_size), math.radians(degrees)
    # y points down, so a turn to the left takes x to -y.
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return taps @ turn.T - taps


def random_offsets(kernel_size: Any, spread: float = 1.0, *, seed: int = 0) -> np.ndarray:
    """Offsets at random, independent in y and x.

    Args:
        kernel_size: An integer, or height and width.
        spread: Their standard deviation, in pixels.
        seed: Equal seeds give equal offsets.

    Returns:
        (taps, 2), float64, in pixels.
    """
    return np.random.default_rng(seed).normal(0, spread, _taps(kernel_size).shape)
