"""What a batch is: its parts, its size, slices of it; class weights as a table in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError

# A table has a row for each class up to the highest: one typed by mistake must not fill the memory.
HIGHEST_CLASS = 10_000_000


def unpack(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, labels and sample weights of a batch, None where there are none.

    Args:
        batch: `x`, `(x, y)` or `(x, y, sample_weight)`, as `fit` takes it.

    Raises:
        InputError: When it has another number of parts.
    """
    if isinstance(batch, (tuple, list)) and not 1 <= len(batch) <= 3:
        raise InputError(
            f"A batch has {len(batch)} parts, and it is (x,), (x, y) or (x, y, sample_weight). "
            f"Several inputs or outputs go into one part: ((x1, x2), y)."
        )
    return keras.utils.unpack_x_y_sample_weight(batch)


def size_of(batch: Any) -> tf.Tensor:
    """How many samples a batch holds: an int32 scalar in the graph."""
    first = next(each for each in tf.nest.flatten(batch) if each is not None)
    if isinstance(first, tf.RaggedTensor):
        return tf.cast(first.nrows(), tf.int32)
    return tf.shape(first)[0]


def part_of(batch: Any, start: tf.Tensor, stop: tf.Tensor) -> Any:
    """The samples from `start` up to `stop` of every part of a batch."""
    return tf.nest.map_structure(lambda each: None if each is None else each[start:stop], batch)


class ClassWeights:
    """A weight for each class, looked up in the graph for a whole batch at once.

    Args:
        weights: `{class index: weight}`; a class that isn't named weighs 1.

    Raises:
        InputError: When a key is no class index or a value is no weight.
    """

    def __init__(self, weights: Mapping[int, float]) -> None:
        if not isinstance(weights, Mapping) or not weights:
            raise InputError(
                f"class_weight={weights!r} must be a dictionary from class index to weight: "
                f"{{0: 1.0, 1: 5.0}}."
            )
        for index, weight in weights.items():
            whole = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
            if not whole or not 0 <= index <= HIGHEST_CLASS:
                raise InputError(
                    f"class_weight= has the key {index!r}: a class is named by its index, 0, 1, "
                    f"2, ..., as the labels are."
                )
            if not isinstance(weight, (int, float, np.number)) or not 0 <= weight < np.inf:
                raise InputError(
                    f"class_weight= gives class {index} the weight {weight!r}: a weight is a "
                    f"number from 0 up."
                )
        table = np.ones(max(weights) + 1, np.float32)
        for index, weight in weights.items():
            table[index] = weight
        self._table = tf.constant(table)

    def __call__(self, labels: tf.Tensor) -> tf.Tensor:
        """The weight of each sample.

        Args:
            labels: Indices, (batch,) or (batch, 1), or one-hot rows.
        """
        rank = labels.shape.rank
        if rank is not None and rank > 1 and labels.shape[-1] != 1:
            indices = tf.argmax(labels, axis=-1)
        else:
            if rank is not None and rank > 1:
                labels = tf.squeeze(labels, axis=-1)
            if labels.dtype.is_floating:
                labels = tf.round(labels)
            indices = tf.cast(labels, tf.int64)
        last = tf.constant(self._table.shape[0] - 1, tf.int64)
        found = tf.gather(self._table, tf.clip_by_value(indices, 0, last))
        return tf.where((indices >= 0) & (indices <= last), found, tf.ones_like(found))


def weighted(batch: Any, weights: ClassWeights | None) -> tuple[Any, Any, Any]:
    """A batch unpacked, its sample weights times the weights of its classes."""
    x, y, sample_weight = unpack(batch)
    if weights is None:
        return x, y, sample_weight
    flat = tf.nest.flatten(y)
    if len(flat) != 1:
        raise InputError(
            f"class_weight= weighs the classes of one output, and the labels have {len(flat)} "
            f"parts: give sample weights, one part for each output, in their place."
        )
    found = weights(flat[0])
    if sample_weight is not None:
        found *= tf.cast(tf.nest.flatten(sample_weight)[0], found.dtype)
    return x, y, found
