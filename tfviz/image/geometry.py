"""Where a photo's pixels lie in a model's input, and where a map's cells lie on the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfviz.errors import InputError, nearest
from tfviz.image.opencv import cv2

MODES = ("stretch", "crop", "letterbox")
"""The ways of fitting a photo into a model's input."""

PADDING = 127.5
"""What surrounds a letterboxed photo: the middle of the range, which the usual preprocessing to
-1..1 makes an exact 0, and which lies near the average photo for the others."""


# Up to so many multiplications OpenBLAS stays on one thread; blocks of fewer rows are slow.
ONE_THREAD = 4 * 65_536
FEWEST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Placement:
    """Which pixels of a photo a model sees, and where in its input they lie.

    Coordinates are continuous: a pixel i reaches from i to i+1 and has its centre at i+0.5. A
    point of the photo lies in the model's input at `scale * point + offset`, for each axis.

    Attributes:
        source: (height, width) of the photo in pixels.
        target: (height, width) of the model's input in pixels.
        mode: "stretch" fits both sides and changes the proportions; "crop" takes the largest
            central window of the target's proportions; "letterbox" fits the whole photo and
            fills the rest with `PADDING`.
        window: (top, left, height, width), the part of the photo that the model sees.
        area: (top, left, height, width), the part of the model's input that it fills.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    mode: str
    window: tuple[int, int, int, int]
    area: tuple[int, int, int, int]

    @property
    def scale_y(self) -> float:
        """Model pixels for one photo pixel, downwards."""
        return self.area[2] / self.window[2]

    @property
    def scale_x(self) -> float:
        """Model pixels for one photo pixel, to the right."""
        return self.area[3] / self.window[3]

    @property
    def offset_y(self) -> float:
        """Where the photo's upper edge lies in the model's input, in model pixels."""
        return self.area[0] - self.scale_y * self.window[0]

    @property
    def offset_x(self) -> float:
        """Where the photo's left edge lies in the model's input, in model pixels."""
        return self.area[1] - self.scale_x * self.window[1]


def place(source_hw: tuple[int, int], target_hw: tuple[int, int], mode: str) -> Placement:
    """Plans how a photo goes into a model's input.

    Args:
        source_hw: (height, width) of the photo in pixels.
        target_hw: (height, width) of the model's input in pixels.
        mode: One of `MODES`.

    Returns:
        The plan, in whole pixels; "crop" and "letterbox" keep the photo's proportions as exactly
        as whole pixels allow.

    Raises:
        InputError: If the mode is unknown or a size isn't positive.

    >>> place((480, 640), (224, 224), "crop").window
    (0, 80, 480, 480)
    >>> place((480, 640), (224, 224), "letterbox").area
    (28, 0, 168, 224)
    """
    (height, width), (h, w) = source_hw, target_hw
    if min(height, width, h, w) < 1:
        raise InputError(
            f"can't fit an image of {height}x{width} pixels into {h}x{w}: every side must be at "
            "least 1 pixel long."
        )
    window, area = (0, 0, height, width), (0, 0, h, w)
    if mode == "crop":
        wh = min(height, max(1, round(width * h / w)))
        ww = min(width, max(1, round(height * w / h)))
        window = ((height - wh) // 2, (width - ww) // 2, wh, ww)
    elif mode == "letterbox":
        rh = min(h, max(1, round(height * w / width)))
        rw = min(w, max(1, round(width * h / height)))
        area = ((h - rh) // 2, (w - rw) // 2, rh, rw)
    elif mode != "stretch":
        raise InputError(
            f"'{mode}' is no way to fit an image: use one of {', '.join(MODES)}."
            f"{nearest(mode, MODES)}"
        )
    return Placement((height, width), (h, w), mode, window, area)


def to_input(rgb: np.ndarray, placement: Placement) -> np.ndarray:
    """Fits a photo into a model's input.

    Shrinking averages over all pixels (no aliasing), axis by axis. Growing is bilinear: unlike a
    cubic it never leaves 0..255 and draws no halo along edges that a model could see.

    Args:
        rgb: uint8 of shape (height, width, 3), as large as `placement.source`.
        placement: From `place`.

    Returns:
        float32 of shape (*placement.target, 3), from 0 to 255.

    Raises:
        InputError: If the photo isn't such an array.
    """
    if rgb.shape != (*placement.source, 3) or rgb.dtype != np.uint8:
        raise InputError(
            f"the placement is for an image of shape {(*placement.source, 3)} and type uint8, but "
            f"this one is {rgb.shape} and {rgb.dtype}: call place() with the image's own size."
        )
    top, left, wh, ww = placement.window
    y, x, h, w = placement.area
    seen = np.ascontiguousarray(rgb[top : top + wh, left : left + ww])
    opencv = cv2()
    # In a single call OpenCV averages only if both axes shrink.
    seen = opencv.resize(seen, (min(w, ww), min(h, wh)), interpolation=opencv.INTER_AREA)
    seen = seen.reshape(min(h, wh), min(w, ww), 3).astype(np.float32)
    seen = opencv.resize(seen, (w, h), interpolation=opencv.INTER_LINEAR).reshape(h, w, 3)
    # Rounding can carry a value past 255 by its last digit.
    np.clip(seen, 0, 255, out=seen)
    if (h, w) == placement.target:
        return seen
    filled = np.full((*placement.target, 3), PADDING, np.float32)
    filled[y : y + h, x : x + w] = seen
    return filled


def to_photo(heat: np.ndarray, placement: Placement) -> np.ndarray:
    """Lays a map over the photo that it explains.

    The cells of the map are taken to cover the model's whole input. Between their centres values
    are interpolated linearly, beyond the outermost they stay; where the map is finer than the
    photo, the cells under a pixel are averaged. All weights are positive and sum to 1: no value
    lies outside the range of the map's own.

    Args:
        heat: A finite map of shape (rows, columns), of any resolution.
        placement: How the photo went into the model.

    Returns:
        float32 of shape `placement.source`. Under "crop", pixels outside the window are NaN: the
        model never saw them, so the map says nothing about them.

    Raises:
        InputError: If the map isn't finite or not two-dimensional.

    >>> plan = place((1, 4), (1, 2), "stretch")
    >>> to_photo(np.array([[0.0, 1.0]]), plan)
    array([[0.  , 0.25, 0.75, 1.  ]], dtype=float32)
    """
    if heat.ndim != 2 or 0 in heat.shape:
        raise InputError(
            f"a map for a photo has two dimensions (rows, columns), but this one has the shape "
            f"{heat.shape}: give one map at a time."
        )
    heat = heat.astype(np.float32)
    if not np.isfinite(heat).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(heat))} of the map's {heat.size} values are NaN or "
            "infinite: look for the cause in the model before drawing it."
        )
    top, left, wh, ww = placement.window
    # OpenCV's remap and warpAffine round coordinates to 1/32 of a cell, which shows as steps when
    # 7 cells grow to 4000 pixels. Two products with small matrices are exact, and fast.
    rows = _weights(top, wh, placement.scale_y, placement.offset_y, placement.target[0], heat, 0)
    columns = _weights(
        left, ww, placement.scale_x, placement.offset_x, placement.target[1], heat, 1
    )
    seen = _product(rows @ heat, columns.T)
    # Sums of rounded weights can exceed 1 in the last digit.
    np.clip(seen, heat.min(), heat.max(), out=seen)
    if (wh, ww) == placement.source:
        return seen
    photo = np.full(placement.source, np.nan, np.float32)
    photo[top : top + wh, left : left + ww] = seen
    return photo


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A matrix product that doesn't wait for a second thread where that isn't worth it.

    OpenBLAS splits all but small products over the processors. While a model keeps these busy, a
    product of 0.03 ms then waits 16 ms for its turn; blocks of a few rows stay on this thread.
    """
    result = np.empty((left.shape[0], right.shape[1]), np.float32)
    rows = ONE_THREAD // right.size
    if rows < FEWEST_ROWS:
        return np.matmul(left, right, out=result)
    for first in range(0, len(left), rows):
        np.matmul(left[first : first + rows], right, out=result[first : first + rows])
    return result


def _weights(
    first: int, count: int, scale: float, offset: float, size: int, heat: np.ndarray, axis: int
) -> np.ndarray:
    """How much each cell of the map counts in each pixel, for one axis: (count, cells)."""
    cells = heat.shape[axis]
    per_model_pixel = cells / size
    centres = (scale * (first + np.arange(count) + 0.5) + offset) * per_model_pixel - 0.5
    # A tent as wide as two cells is linear interpolation; where several cells fall on one pixel
    # it widens to reach them all.
    reach = max(1.0, scale * per_model_pixel)
    tent = 1 - np.abs(centres[:, np.newaxis] - np.arange(cells)) / reach
    np.maximum(tent, 0, out=tent)
    # Beyond the outermost centre only the outermost cell is left, and gets the whole weight.
    tent /= tent.sum(axis=1, keepdims=True)
    return tent.astype(np.float32)
