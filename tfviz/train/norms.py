"""The norm of all gradients together, and clipping by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def summed(gradient: Any) -> Any:
    """A sparse gradient with one row for each index.

    A row that an embedding looked up twice stands twice in `IndexedSlices`; the norm of its values
    would not be the norm of the gradient.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    indices, place = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, place, tf.size(indices))
    return tf.IndexedSlices(values, indices, gradient.dense_shape)


def global_norm(gradients: Sequence[Any]) -> tf.Tensor:
    """The L2 norm of all gradients as one vector, float32; those that are None don't count.

    Args:
        gradients: Tensors, `IndexedSlices` or None. Of sparse ones each index once: see `summed`.
    """
    present = [each for each in gradients if each is not None]
    if not present:
        return tf.zeros(())
    squares = []
    for each in present:
        values = each.values if isinstance(each, tf.IndexedSlices) else each
        # Twice the half of the square: what the kernel computes without a temporary array.
        squares.append(2.0 * tf.nn.l2_loss(tf.cast(values, tf.float32)))
    return tf.sqrt(tf.add_n(squares))


def clipped(gradients: Sequence[Any], norm: tf.Tensor, limit: float | tf.Tensor) -> list[Any]:
    """Gradients scaled down so that their global norm is at most `limit`.

    g · limit / max(norm, limit)

    Args:
        gradients: Tensors, `IndexedSlices` or None.
        norm: Their global norm.
        limit: The most it may be.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013, algorithm 1.
    """
    factor = limit / tf.maximum(norm, limit)
    found: list[Any] = []
    for each in gradients:
        if isinstance(each, tf.IndexedSlices):
            values = each.values * tf.cast(factor, each.values.dtype)
            found.append(tf.IndexedSlices(values, each.indices, each.dense_shape))
        else:
            found.append(None if each is None else each * tf.cast(factor, each.dtype))
    return found
