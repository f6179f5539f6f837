"""Masks made of a layer's channels, laid over the model's input.

A channel is brought to the input's size and its values to 0 to 1; the input is multiplied by it.
All of it is symbolic and a few rows at a time: what a mask costs in memory is one input.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.explain.scene import Scene, Spot
from tfviz.model.shapes import in_words

_COLOURS = (1, 3)


def why_unmaskable(spot: Spot, places: int, image: tf.Tensor) -> str:
    """Why an input can't be masked by the channels of a layer; '' when it can.

    Args:
        spot: The call of the layer.
        places: How many axes of places its maps have.
        image: The input that it looks at, symbolic.
    """
    shape, own = in_words(image.shape), f"input {spot.source + 1} {in_words(image.shape)}"
    kind = image.dtype
    rest = len(image.shape) - 1 - places
    if rest not in (0, 1) or not places:
        return f"the maps of layer '{spot.path}' have {places} axes of places, which {own} does not"
    if not (kind.is_floating or (kind.is_integer and rest)):
        # Numbers of words or categories: half of one is another.
        return f"input {spot.source + 1} {shape} is {kind.name}, which can't be made weaker"
    return ""


def folded(channels: tf.Tensor, spot: Spot) -> tf.Tensor:
    """(batch, channels, tokens) laid in their grid, without what stands before it; else as is."""
    grid = spot.grid
    if grid is None:
        return channels
    shape = tf.concat([tf.shape(channels)[:2], [grid.rows, grid.columns]], axis=0)
    laid = tf.reshape(channels[:, :, grid.extra :], shape)
    laid.set_shape([*channels.shape[:2], grid.rows, grid.columns])
    return laid


def places_in(shape: Any, places: int, spot: Spot) -> slice:
    """Which axes of an input are places.

    Args:
        shape: Of one input, without the batch axis.
        places: How many of its axes are.
        spot: The call of the layer that looks at it.
    """
    first = 0
    if len(shape) > places:
        starts, ends = (size in _COLOURS for size in (shape[0], shape[-1]))
        # Three or one on one side alone are colours; else the input is as the layer.
        first = int(starts if starts != ends else spot.layout == "channels_first")
    return slice(first, first + places)


def masks_of(channels: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Channels at the size of an input, each with values from 0 to 1.

    Args:
        channels: (batch, copies, *places) float32.
        size: Sizes of the input's places, an int32 tensor.

    Returns:
        (batch * copies, *size) float32; a channel that is the same everywhere gives zeros.
    """
    places = len(channels.shape) - 2
    found = tf.reshape(channels, tf.concat([[-1], tf.shape(channels)[2:]], axis=0))
    for axis in range(places):
        # The axis in front goes to the end: after all of them they stand as before.
        between = _linear(tf.shape(channels)[2 + axis], size[axis])
        found = tf.tensordot(found, between, axes=[[1], [0]])
    axes = list(range(1, places + 1))
    low, high = tf.reduce_min(found, axes, True), tf.reduce_max(found, axes, True)
    return tf.math.divide_no_nan(found - low, high - low)


def _linear(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    """The matrix (before, after) of linear interpolation between the middles of places."""
    step = tf.cast(before, tf.float32) / tf.cast(after, tf.float32)
    at = (tf.range(after, dtype=tf.float32) + 0.5) * step - 0.5
    at = tf.clip_by_value(at, 0.0, tf.cast(before - 1, tf.float32))
    return tf.nn.relu(1 - tf.abs(at[None, :] - tf.range(before, dtype=tf.float32)[:, None]))


def masked(
    scene: Scene, spot: Spot, masks: tf.Tensor, copies: tf.Tensor, baseline: float = 0.0
) -> Any:
    """The model's inputs with the one that a layer looks at under masks.

    Args:
        scene: Of the inputs as they are.
        spot: The call of the layer.
        masks: (batch * copies, *places) float32.
        copies: How many masks each input has.
        baseline: What a place becomes where a mask is 0, in the input's own range of values.

    Returns:
        In the structure of `scene.inputs`, each row `copies` times, beside each other.
    """
    inputs = keras.tree.flatten(scene.inputs)
    image = inputs[spot.source]
    places = len(masks.shape) - 1
    shape = tf.shape(masks)
    if len(image.shape) - 1 > places:
        masks = tf.expand_dims(masks, places_in(image.shape[1:], places, spot).start or -1)
    # (batch, copies, ...): the input meets its masks by broadcasting and is not copied for them.
    by_input = tf.reshape(masks, tf.concat([[-1, copies], tf.shape(masks)[1:]], axis=0))
    values = tf.cast(image, tf.float32)[:, None]
    weaker = values * by_input if baseline == 0 else baseline + (values - baseline) * by_input
    rows = tf.reshape(weaker, tf.concat([shape[:1], tf.shape(image)[1:]], axis=0))
    rows.set_shape([None, *image.shape[1:]])
    if image.dtype.is_integer:
        rows = tf.saturate_cast(tf.round(rows), image.dtype)
    made = [scene.repeated(each, copies) for each in inputs]
    made[spot.source] = tf.cast(rows, image.dtype)
    return keras.tree.pack_sequence_as(scene.inputs, made)


def gaussian(sizes: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    """Standard normal noise, (1, count, *sizes) float32, the n-th the same whatever the count."""
    return np.stack(
        [
            np.random.default_rng((seed, sample)).standard_normal(sizes, dtype=np.float32)
            for sample in range(count)
        ]
    )[None]
