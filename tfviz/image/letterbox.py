"""Photos fitted whole into a model's input, bars around them; and the way back for what it found.

Detectors are shown photos like this. What they answer lies in pixels of their input, so boxes,
points and maps have to find back to the photo; a `Letterbox` remembers where each photo lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.image.geometry import PADDING, Placement, place, to_input, to_photo

GRAY = (round(PADDING),) * 3
"""What the bars are by default, RGB: the middle of the range."""

_LEVELS = 255


@dataclass(frozen=True, eq=False)
class Letterbox:
    """Letterboxed photos, and where in them the photos lie.

    Coordinates are continuous, x to the right and y down: pixel i reaches from i to i + 1.

    Attributes:
        images: uint8 (height, width, 3) of one photo, (batch, height, width, 3) of several.
        placements: Where each photo lies.
    """

    images: np.ndarray
    placements: tuple[Placement, ...]

    def points_to_input(self, points: Any, index: int = 0) -> np.ndarray:
        """Points of a photo to where they lie in the model's input.

        Args:
            points: (..., 2) as (x, y), in pixels of the photo.
            index: Which photo of the batch.

        Returns:
            float64 of the same shape, in pixels of the input.
        """
        scale, offset = self._plan(index)
        return _pairs(points, "points") * scale + offset

    def points_to_photo(self, points: Any, index: int = 0) -> np.ndarray:
        """Points of the model's input to where they lie on a photo.

        A point in the bars lies outside the photo, and comes out so.

        Args:
            points: (..., 2) as (x, y), in pixels of the input.
            index: Which photo of the batch.

        Returns:
            float64 of the same shape, in pixels of the photo.
        """
        scale, offset = self._plan(index)
        return (_pairs(points, "points") - offset) / scale

    def boxes_to_input(self, boxes: Any, index: int = 0) -> np.ndarray:
        """Boxes on a photo to boxes in the model's input.

        Args:
            boxes: (..., 4) as (left, top, right, bottom), in pixels of the photo.
            index: Which photo of the batch.

        Returns:
            float64 of the same shape, in pixels of the input.
        """
        corners = _corners(boxes)
        return self.points_to_input(corners, index).reshape(np.shape(boxes))

    def boxes_to_photo(self, boxes: Any, index: int = 0, *, clip: bool = True) -> np.ndarray:
        """Boxes in the model's input to boxes on a photo.

        Args:
            boxes: (..., 4) as (left, top, right, bottom), in pixels of the input.
            index: Which photo of the batch.
            clip: Cut off what reaches into the bars, where no photo is.

        Returns:
            float64 of the same shape, in pixels of the photo.
        """
        found = self.points_to_photo(_corners(boxes), index)
        if clip:
            height, width = self.placements[index].source
            found = np.clip(found, 0, (width, height))
        return found.reshape(np.shape(boxes))

    def map_to_photo(self, heat: np.ndarray, index: int = 0) -> np.ndarray:
        """A map over the model's input to one over a photo, without the bars.

        Args:
            heat: (rows, columns) of any resolution.
            index: Which photo of the batch.

        Returns:
            float32 (height, width) of the photo.

        Raises:
            InputError: When the map isn't finite or not two-dimensional.
        """
        self._plan(index)
        return to_photo(np.asarray(heat), self.placements[index])

    def _plan(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Scale and offset as (x, y)."""
        count = len(self.placements)
        if not -count <= index < count:
            raise InputError(f"index={index} names none of the {count} letterboxed photos.")
        plan = self.placements[index]
        return np.array([plan.scale_x, plan.scale_y]), np.array([plan.offset_x, plan.offset_y])


def letterbox(
    image: Any, size: int | tuple[int, int], *, fill: int | Sequence[int] = GRAY
) -> Letterbox:
    """Fit photos whole into a size, their proportions kept, with bars around them.

    Args:
        image: One photo, uint8 RGB (height, width, 3); or several, as a batch or a list of photos
            of different sizes.
        size: (height, width) of the result in pixels, or one number for both.
        fill: The bars' colour, 0 to 255: a gray, or (red, green, blue).

    Returns:
        The images, and the way back for boxes, points and maps.

    Raises:
        InputError: When an image is no photo, or the size or colour is none.

    >>> boxed = letterbox(np.zeros((480, 640, 3), np.uint8), 320)
    >>> boxed.images.shape, boxed.boxes_to_photo([0, 40, 320, 280]).tolist()
    ((320, 320, 3), [0.0, 0.0, 640.0, 480.0])
    """
    target = _size(size)
    colour = _colour(fill)
    single = isinstance(image, np.ndarray) and image.ndim == 3
    photos = [_photo(each, i) for i, each in enumerate([image] if single else image)]
    if not photos:
        raise InputError("image= is empty: give at least one photo.")
    placements = tuple(place(photo.shape[:2], target, "letterbox") for photo in photos)
    boxed = np.empty((len(photos), *target, 3), np.uint8)
    for into, photo, plan in zip(boxed, photos, placements, strict=True):
        top, left, height, width = plan.area
        inside = slice(top, top + height), slice(left, left + width)
        into[:] = colour
        into[inside] = np.rint(to_input(photo, plan)[inside])
    return Letterbox(boxed[0] if single else boxed, placements)


def _photo(image: Any, index: int) -> np.ndarray:
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
        raise InputError(
            f"image {index} is {array.dtype} of shape {array.shape}; a photo is uint8 RGB of shape "
            f"(height, width, 3)."
        )
    return array


def _size(size: Any) -> tuple[int, int]:
    pair = tuple(size) if isinstance(size, (tuple, list, np.ndarray)) else (size, size)
    whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in pair)
    if len(pair) != 2 or not whole or min(pair) < 1:
        raise InputError(
            f"size={size!r} must be (height, width) in pixels, or one number for both."
        )
    return int(pair[0]), int(pair[1])


def _colour(fill: Any) -> np.ndarray:
    colour = np.asarray(fill)
    whole = np.issubdtype(colour.dtype, np.integer)
    if not whole or colour.shape not in ((), (3,)) or colour.min() < 0 or colour.max() > _LEVELS:
        raise InputError(
            f"fill={fill!r} must be a gray from 0 to 255, or (red, green, blue) of such."
        )
    return np.broadcast_to(colour, (3,)).astype(np.uint8)


def _numbers(values: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be numbers, rows of one length: {error}.") from error


def _pairs(points: Any, what: str) -> np.ndarray:
    array = _numbers(points, what)
    if array.ndim < 1 or array.shape[-1] != 2:
        raise InputError(f"{what} of shape {array.shape} must end in an axis of 2: (x, y).")
    return array


def _corners(boxes: Any) -> np.ndarray:
    array = _numbers(boxes, "boxes")
    if array.ndim < 1 or array.shape[-1] != 4:
        raise InputError(
            f"boxes of shape {array.shape} must end in an axis of 4: (left, top, right, bottom)."
        )
    return array.reshape(*array.shape[:-1], 2, 2)
