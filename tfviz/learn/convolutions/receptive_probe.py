"""The receptive field of one unit, measured: which pixels can reach it at all.

A NaN reaches everything that is computed from it, whatever the weights and the image: through
products with zero, sums, normalisation and ReLU alike. So rows and columns of the image are made
NaN, ever more of them from one side, until the unit is NaN. TensorFlow's max pooling is the one
common operation that loses a NaN; where a layer does it, the NaN is handed on beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.model.tap import passing
from tfviz.model.tree import walk


def box_by_nan(
    reached: Callable[[np.ndarray], np.ndarray], image: np.ndarray
) -> tuple[int, int, int, int] | None:
    """The smallest box of pixels that can reach a unit.

    Args:
        reached: `f(images)`, for each of a batch whether the unit is NaN.
        image: (height, width, channels), finite.

    Returns:
        (top, left, bottom, right), both ends included; None where NaN tells nothing, because the
        unit is NaN anyway or never.
    """
    height, width = image.shape[:2]
    if reached(image[np.newaxis])[0] or not reached(np.full_like(image, np.nan)[np.newaxis])[0]:
        return None
    # How many rows from above, columns from the left, rows from below, columns from the right may
    # be spoilt without the unit noticing: four searches by halves, side by side.
    fine, spoilt = np.zeros(4, int), np.array([height, width, height, width])
    while (spoilt - fine).max() > 1:
        middle = (fine + spoilt) // 2
        noticed = reached(np.stack([_spoil(image, side, middle[side]) for side in range(4)]))
        spoilt = np.where(noticed, middle, spoilt)
        fine = np.where(noticed, fine, middle)
    top, left, below, right = (int(each) for each in fine)
    return top, left, height - 1 - below, width - 1 - right


def _spoil(image: np.ndarray, side: int, count: int) -> np.ndarray:
    spoilt = image.copy()
    if count == 0:
        return spoilt
    where = (np.s_[:count], np.s_[:, :count], np.s_[-count:], np.s_[:, -count:])[side]
    spoilt[where] = np.nan
    return spoilt


@contextmanager
def nan_through_pooling(model: Any) -> Iterator[None]:
    """Let max pooling layers hand on NaN inside the block, in which the model is called.

    Args:
        model: A `keras.Model`.
    """
    pools = [
        node.operation
        for node in walk(model)
        if isinstance(node.operation, keras.layers.MaxPooling2D)
    ]

    def left(operation: Any, args: Any, kwargs: Any, returned: Any) -> Any:
        beside = keras.ops.average_pool(
            args[0] if args else kwargs["inputs"],
            operation.pool_size,
            strides=operation.strides,
            padding=operation.padding,
            data_format=operation.data_format,
        )
        return tf.where(tf.math.is_nan(beside), beside, returned)

    with passing(pools, lambda _, args, kwargs: (args, kwargs), left):
        yield
