"""How much of each place of an output a region of the input covers; symbolic, any size."""

from __future__ import annotations

import tensorflow as tf

from tfviz.model.shapes import channels_stand_first


def mask_coverage(masks: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Masks of the input's size on the places of an output.

    Args:
        masks: (batch, *places of the input) float32.
        logits: (batch, *places, units).

    Returns:
        The mean of the mask over each place, (batch, *places).
    """
    sizes = tf.shape(logits)[1:-1]
    for axis in range(len(masks.shape) - 1):
        cells, pixels = sizes[axis], tf.shape(masks)[1]
        starts = tf.range(tf.cast(pixels, tf.float32))
        # Each turn takes the first axis of places and puts it last: after all they stand as before.
        masks = tf.tensordot(masks, _shares(starts, starts + 1, cells, pixels), [[1], [0]])
    return masks


def box_coverage(boxes: tf.Tensor, image: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Boxes in pixels of an image on the places of an output.

    Args:
        boxes: (batch, 4): left, top, right, bottom.
        image: (batch, height, width, channels), or channels first.
        logits: (batch, rows, columns, units).

    Returns:
        The part of each place within the box, (batch, rows, columns).
    """
    first = channels_stand_first(tuple(image.shape[1:]))
    size = tf.shape(image)[2:] if first else tf.shape(image)[1:3]
    cells = tf.shape(logits)[1:3]
    left, top, right, bottom = tf.unstack(boxes, axis=1)
    rows = _shares(top, bottom, cells[0], size[0])
    columns = _shares(left, right, cells[1], size[1])
    return rows[:, :, None] * columns[:, None, :]


def _shares(starts: tf.Tensor, ends: tf.Tensor, cells: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """The part of each of the cells that lies in each span of pixels, (spans, cells)."""
    width = tf.cast(pixels, tf.float32) / tf.cast(cells, tf.float32)
    left = tf.range(tf.cast(cells, tf.float32)) * width
    within = tf.minimum(ends[:, None], left + width) - tf.maximum(starts[:, None], left)
    return tf.maximum(within, 0.0) / width
