"""Whatever was meant as a picture, as an array that every program draws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tfviz.draw.assumed import Noted
from tfviz.draw.prepared import MOST, prepare
from tfviz.errors import InputError

PAGE = 255

# The gap between pictures, as a part of their larger side.
GAP_SHARE = 16


class Displayable(Noted):
    """A picture as uint8 RGB or RGBA, with what was assumed in `.assumed`; see `displayable`."""


def displayable(
    x: object,
    *,
    layout: str | None = None,
    values: str | Sequence[float] | None = None,
    cmap: str | None = None,
    columns: int | None = None,
    most: int = MOST,
) -> Displayable:
    """Turns what was meant as a picture into one that `plt.imshow` draws as it was meant.

    The result is always uint8 RGB (or RGBA), new and writable: bytes that matplotlib, Pillow and
    OpenCV neither stretch, cut off nor colour differently, so that a constant picture keeps its
    brightness and NaN its mark. It is an ordinary array but for `.assumed`, which says which
    layout and which range of values were assumed and why, and prints as a few lines. To keep one
    channel's own numbers, for a colour bar, use `tfviz.imshow`.

    Args:
        x: An array, tensor or variable of NumPy, TensorFlow, Keras, PyTorch or JAX, a PIL image,
            a path, nested lists of numbers, or a list of any of these. One picture or a batch,
            channels first or last, one channel, RGB, RGBA, or the maps of a layer.
        layout: What the axes mean, e.g. `"HWC"`, `"CHW"`, `"NCHW"`; or `"channels_first"`. By
            default by the rules of `tfviz.draw.layout.find_layout`: (3, 4, 3) is `"HWC"`.
        values: What the numbers stand for: `"0-1"`, `"0-255"`, `"0-65535"`, `"-1-1"`,
            `"imagenet-tf"`, `"imagenet-torch"`, `"imagenet-caffe"` (preprocessed for ImageNet,
            which is never guessed), `"range"` (lowest black, highest white), `"map"` (in colours,
            from or around zero), or (low, high). By default by the rules of
            `tfviz.draw.values.find_scale`.
        cmap: A colour map for one channel, instead of gray or the map's own.
        columns: For more than one picture, how many in a row.
        most: For more than one picture, how many at most.

    Returns:
        uint8 of shape (height, width, 3) or (height, width, 4). Several pictures, or the maps of
        a layer, lie side by side in rows.

    Raises:
        InputError: If it is no picture; the message says what it is and what to do.

    >>> picture = displayable(np.zeros((1, 3, 4, 6), np.float32))
    >>> picture.shape
    (4, 6, 3)
    >>> print(picture.assumed)
    numpy.ndarray (1, 3, 4, 6) float32
    layout  NCHW (axis 1 is 3)
    values  0-1 (floats from 0 to 0)
    shown   one picture
    note    constant: every number is 0
    """
    prepared = prepare(x, layout=layout, values=values, most=most)
    pictures = [each.rgb8(cmap) for each in prepared.pictures]
    picture = pictures[0] if len(pictures) == 1 else _side_by_side(pictures, columns)
    return Displayable(picture, prepared.assumed)


def across(count: int, columns: int | None) -> int:
    """How many pictures lie in a row: by default as many as there are rows, or a few more."""
    if columns is None:
        return math.ceil(count / math.isqrt(count))
    if columns < 1:
        raise InputError(f"a grid of {columns} columns can't be drawn: use 1 or more.")
    return min(columns, count)


def _side_by_side(pictures: Sequence[np.ndarray], columns: int | None) -> np.ndarray:
    """Pictures in rows on a white page: uint8 RGB, or RGBA if one of them is."""
    height, width = (max(each.shape[axis] for each in pictures) for axis in (0, 1))
    channels = max(each.shape[-1] for each in pictures)
    gap = max(1, max(height, width) // GAP_SHARE)
    in_row = across(len(pictures), columns)
    rows = math.ceil(len(pictures) / in_row)
    whole = (rows * (height + gap) - gap, in_row * (width + gap) - gap, channels)
    page = np.full(whole, PAGE, np.uint8)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, in_row)
        top, left = row * (height + gap), column * (width + gap)
        h, w, c = picture.shape
        page[top : top + h, left : left + w, :c] = picture
    return page
