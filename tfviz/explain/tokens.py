"""Maps over tokens of an image model, folded back into the grid they were cut from."""

from __future__ import annotations

import math

import numpy as np

# A class token, and a distillation token beside it, stand before the patches.
MOST_EXTRA_TOKENS = 2


def token_grid(tokens: int, image: tuple[int, int]) -> tuple[int, int, int] | None:
    """How many extra tokens stand in front, and the grid (rows, columns) of the others.

    Args:
        tokens: How many tokens there are.
        image: (height, width) of the image they were cut from.

    Returns:
        (extra, rows, columns), or None when no grid of square patches has so many.

    >>> token_grid(197, (224, 224))
    (1, 14, 14)
    >>> token_grid(32, (64, 128))
    (0, 4, 8)
    """
    height, width = image
    for extra in range(MOST_EXTRA_TOKENS + 1):
        patches = tokens - extra
        if patches < 2:
            break
        rows = round(math.sqrt(patches * height / width))
        if rows and patches % rows == 0 and rows * width == patches // rows * height:
            return extra, rows, patches // rows
    return None


def fold(maps: np.ndarray, input_shape: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """Fold maps (batch, tokens) of an image model into (batch, rows, columns).

    Args:
        maps: Any maps; those that aren't of tokens come back as they are.
        input_shape: Of one input of the model, without the batch axis.

    Returns:
        The maps, and a note on what was done, empty when nothing was.
    """
    if maps.ndim != 2 or len(input_shape) != 3:
        return maps, ""
    # The short axis of an image's shape is its channels, wherever they stand.
    image = input_shape[:2] if input_shape[-1] <= input_shape[0] else input_shape[1:]
    found = token_grid(maps.shape[1], (image[0], image[1]))
    if found is None:
        return maps, ""
    extra, rows, columns = found
    note = f"{maps.shape[1]} tokens folded to {rows}x{columns}"
    if extra:
        note += f" without the first {extra}"
    return maps[:, extra:].reshape(len(maps), rows, columns), note
