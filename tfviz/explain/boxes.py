"""Boxes in the layouts that detectors use, and how much two of them overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError, nearest
from tfviz.explain.outputs import places

RELATIVE = "rel_"
# As Keras calls them: corners; a corner and a size; the centre and a size. With `rel_` in front
# they are parts of the image's size, without they are pixels.
LAYOUTS = ("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw")


def check_layout(layout: str) -> str:
    """Refuse what is no layout of boxes.

    Raises:
        TargetError: With the nearest.
    """
    known = [*LAYOUTS, *(f"{RELATIVE}{each}" for each in LAYOUTS)]
    if layout not in known:
        raise TargetError(
            f"layout={layout!r} is none of {', '.join(LAYOUTS)}, or one of them after "
            f"'{RELATIVE}' for parts of the image.{nearest(str(layout), known)}"
        )
    return layout


def is_relative(layout: str) -> bool:
    """Whether boxes of this layout are parts of the image's size, not pixels."""
    return layout.startswith(RELATIVE)


def corners(boxes: Any, layout: str) -> list[Any]:
    """Left, top, right and bottom of boxes (..., 4), arrays or tensors."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    plain = layout.removeprefix(RELATIVE)
    if plain == "xyxy":
        return [a, b, c, d]
    if plain == "yxyx":
        return [b, a, d, c]
    if plain == "xywh":
        return [a, b, a + c, b + d]
    if plain == "center_yxhw":
        a, b, c, d = b, a, d, c
    return [a - c / 2, b - d / 2, a + c / 2, b + d / 2]


def as_boxes(given: Any, layout: str, where: str) -> np.ndarray:
    """Boxes that people give, checked: (1 or batch, 4) float32 of left, top, right, bottom.

    Args:
        given: Four numbers for all inputs, or (batch, 4).
        layout: Of `LAYOUTS`; relative ones stay relative.
        where: The argument, for messages.

    Raises:
        TargetError: When they are none.
    """
    try:
        boxes = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        boxes = np.zeros(0)
    if boxes.ndim == 1:
        boxes = boxes[None]
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes) or not np.isfinite(boxes).all():
        raise TargetError(
            f"{where} is {given!r}: a box is four numbers ({layout}), the same for all inputs or "
            f"(batch, 4)."
        )
    made = np.stack(corners(boxes, layout), axis=1)
    for box in made:
        if box[2] <= box[0] or box[3] <= box[1]:
            raise TargetError(
                f"{where} goes from ({box[0]:g}, {box[1]:g}) to ({box[2]:g}, {box[3]:g}), which is "
                f"no area: as {layout!r} its numbers mean left {box[0]:g}, top {box[1]:g}, right "
                f"{box[2]:g}, bottom {box[3]:g}."
            )
    return made.astype(np.float32)


def size_of_image(shapes: Sequence[Sequence[int]], where: str) -> tuple[int, int]:
    """(height, width) of the first input that is a picture, of shapes without batch axis.

    Raises:
        TargetError: When none is.
    """
    for shape in shapes:
        if len(shape) == 3:
            height, width = places(shape)
            return int(height), int(width)
    raise TargetError(
        f"{where} needs an input that is a picture, (batch, height, width, channels)."
    )


def on_image(boxes: np.ndarray, size: tuple[float, float], where: str, least: float = 1.0) -> None:
    """Refuse boxes that lie outside.

    Args:
        boxes: (n, 4): left, top, right, bottom.
        size: (height, width) of the image in the same units.
        where: The argument, for messages.
        least: What part of a box must lie on the image.

    Raises:
        TargetError: For the first that doesn't.
    """
    height, width = size
    for left, top, right, bottom in boxes:
        across = max(min(right, width) - max(left, 0.0), 0.0)
        down = max(min(bottom, height) - max(top, 0.0), 0.0)
        if across * down < least * (right - left) * (bottom - top) * (1 - 1e-5):
            raise TargetError(
                f"{where} from ({left:g}, {top:g}) to ({right:g}, {bottom:g}) lies outside the "
                f"model's input, which is {width:g} wide and {height:g} high: give it in the "
                f"coordinates of what goes into the model, not of the photo."
            )


def mirrored_boxes(boxes: np.ndarray, width: float) -> np.ndarray:
    """The same left to right, (n, 4): left, top, right, bottom."""
    left, top, right, bottom = boxes.T
    return np.stack([width - right, top, width - left, bottom], axis=1)


def overlaps(predicted: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Intersection over union of boxes with one box an input.

    Args:
        predicted: (batch, boxes, 4): left, top, right, bottom.
        wanted: (batch, 4).

    Returns:
        (batch, boxes) float32, 0 to 1.
    """
    left, top, right, bottom = tf.unstack(predicted, axis=-1)
    a, b, c, d = tf.unstack(wanted[:, None], axis=-1)
    across = tf.maximum(tf.minimum(right, c) - tf.maximum(left, a), 0.0)
    down = tf.maximum(tf.minimum(bottom, d) - tf.maximum(top, b), 0.0)
    both = across * down
    size = tf.maximum(right - left, 0.0) * tf.maximum(bottom - top, 0.0)
    return tf.math.divide_no_nan(both, size + (c - a) * (d - b) - both)
