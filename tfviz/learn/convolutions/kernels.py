"""Kernels that everybody knows, in any size, and small inputs to try them on. No TensorFlow."""

from __future__ import annotations

import math

import numpy as np

from tfviz.errors import InputError, nearest

NAMES = ("edge", "blur", "sharpen", "identity", "count")


def named_kernel(name: str, size: tuple[int, int]) -> np.ndarray:
    """A kernel by name.

    Args:
        name: 'edge' (right minus left; Sobel's at 3x3), 'blur' (the mean), 'sharpen' (twice the
            middle less the mean), 'identity' (the middle alone), 'count' (1, 2, 3, ...: which tap
            is which).
        size: Height and width, in taps.

    Returns:
        (height, width), float32.

    Raises:
        InputError: For an unknown name, or a size at which it has no meaning.

    >>> named_kernel("edge", (3, 3)).tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    height, width = size
    if name not in NAMES:
        raise InputError(
            f"'{name}' is no kernel.{nearest(str(name).lower(), NAMES)} "
            f"There are {', '.join(NAMES)}."
        )
    if name == "count":
        return np.arange(1, height * width + 1, dtype=np.float32).reshape(size)
    if name == "blur":
        return np.full(size, 1 / (height * width), np.float32)
    if name == "edge":
        if width < 2:
            raise InputError(
                f"an edge needs a left and a right, and a kernel of {height}x{width} has one "
                "column: make it wider, or take blur."
            )
        rows = np.array([math.comb(height - 1, i) for i in range(height)])
        sides = np.sign(np.arange(width) - (width - 1) / 2)
        return np.outer(rows, sides).astype(np.float32)
    middle = np.zeros(size, np.float32)
    # Where an even kernel has two middles, the first: 'same' pads one less before.
    middle[(height - 1) // 2, (width - 1) // 2] = 1
    if name == "identity":
        return middle
    return 2 * middle - np.float32(1 / (height * width))


def ramp(size: int) -> np.ndarray:
    """A square whose numbers tell where they stand: 10 times the row and the column.

    >>> ramp(3).tolist()
    [[0.0, 1.0, 2.0], [10.0, 11.0, 12.0], [20.0, 21.0, 22.0]]
    """
    rows, columns = np.mgrid[:size, :size]
    return (10 * rows + columns).astype(np.float32)


def crop(gray: np.ndarray, size: int, at: tuple[int, int] | None) -> tuple[np.ndarray, int, int]:
    """A small square of a photo.

    Args:
        gray: (height, width), float.
        size: Its side in pixels.
        at: Its upper left corner, row and column; None takes the square with most contrast.

    Returns:
        The square, and its row and column.

    Raises:
        InputError: When the photo has no such square.
    """
    height, width = gray.shape
    if min(height, width) < size:
        raise InputError(
            f"the image has {height}x{width} pixels, and a square of {size} is to be cut out of "
            f"it: give a larger one, or size={min(height, width)}."
        )
    if at is None:
        # The variance of every square at once, from sums along both axes.
        def sums(values: np.ndarray) -> np.ndarray:
            total = np.zeros((height + 1, width + 1))
            total[1:, 1:] = values.cumsum(axis=0).cumsum(axis=1)
            return (
                total[size:, size:]
                - total[:-size, size:]
                - total[size:, :-size]
                + total[:-size, :-size]
            )

        exact = gray.astype(np.float64)
        variance = sums(exact**2) - sums(exact) ** 2 / size**2
        row, column = (int(each) for each in np.unravel_index(variance.argmax(), variance.shape))
    else:
        row, column = at
        if not (0 <= row <= height - size and 0 <= column <= width - size):
            raise InputError(
                f"at {(row, column)} leaves no square of {size} pixels in an image of "
                f"{height}x{width}: use rows 0 to {height - size} and columns 0 to {width - size}."
            )
    return gray[row : row + size, column : column + size], row, column
