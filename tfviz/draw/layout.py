"""Which axis of an array is which: pictures (N), height (H), width (W), channels (C)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tfviz.errors import InputError, nearest

LAYOUTS = ("HW", "HWC", "CHW", "NHW", "NHWC", "NCHW")
"""The usual ones; any other order of these letters is accepted, too."""

DATA_FORMATS = {
    "channels_last": {2: "HW", 3: "HWC", 4: "NHWC"},
    "channels_first": {2: "HW", 3: "CHW", 4: "NCHW"},
}
"""Keras's own words for two of them."""

COLOURS = (1, 3, 4)
"""How many channels a picture has: gray, RGB, RGBA."""


@dataclass(frozen=True)
class Layout:
    """What the axes mean.

    Attributes:
        letters: One for each axis, e.g. `"NCHW"`.
        why: In words.
        dropped: How many leading axes of length 1 were taken off before.
    """

    letters: str
    why: str
    dropped: int = 0

    def apply(self, array: np.ndarray) -> np.ndarray:
        """The array as (pictures, height, width, channels), a view."""
        array = array.reshape(array.shape[self.dropped :])
        order = [self.letters.index(each) for each in "NHWC" if each in self.letters]
        array = array.transpose(order)
        if "N" not in self.letters:
            array = array[np.newaxis]
        return array if "C" in self.letters else array[..., np.newaxis]


def find_layout(
    shape: tuple[int, ...], asked: str | None = None, *, first: bool = False, name: str = "x"
) -> Layout:
    """Tells the axes of a picture or a batch of pictures apart.

    The rules, in order, for an array without `layout=`:

    1. Two axes are height and width. Of more than four, leading ones of length 1 are dropped.
    2. A last axis of 1, 3 or 4 holds the channels: (3, 4, 3) is 3 high and 4 wide.
    3. Else a third axis from behind of 1, 3 or 4 does: (3, 224, 224), (8, 1, 28, 28).
    4. Else height and width are the two neighbours that are most alike: (28, 28, 16) has 16
       channels; (16, 28, 28) is 16 gray pictures, and (2, 7, 7, 512) two with 512 channels. On a
       tie the channels are last.

    For what comes from where channels are first (PyTorch), 3 goes before 2, the tie of 4 is
    resolved the other way, and (16, 28, 28) has 16 channels.

    Args:
        shape: Of the array.
        asked: One of `LAYOUTS` or `DATA_FORMATS`, which overrules all this. A leading N may be
            left out.
        first: Whether the array comes from where channels are first.
        name: What to call the array in a message.

    Raises:
        InputError: If no picture can have this shape, or not with the layout asked for.

    >>> find_layout((3, 4, 3)).letters, find_layout((3, 224, 224)).letters
    ('HWC', 'CHW')
    """
    _refuse_no_picture(shape, name)
    if asked is not None:
        return _asked(shape, asked, name)
    dropped = 0
    while len(shape) - dropped > 4 and shape[dropped] == 1:
        dropped += 1
    shape = shape[dropped:]
    if len(shape) > 4:
        axes = ", ".join(["0"] * (len(shape) - 4))
        raise InputError(
            f"{name} has the {len(shape)} axes {shape}, and a batch of pictures has 4: show a part "
            f"of it, x[{axes}], or a slice of a volume. (tfviz doctor show viz.imshow_shape)"
        )
    if len(shape) == 2:
        return Layout("HW", "two axes", dropped)
    before, height, width = shape[-3:]
    batch = "N" if len(shape) == 4 else ""
    last = Layout(f"{batch}HWC", f"the last axis is {width}", dropped)
    front = Layout(f"{batch}CHW", f"axis {len(shape) - 3} is {before}", dropped)
    candidates = [(width, last), (before, front)]
    for length, layout in reversed(candidates) if first else candidates:
        if length in COLOURS:
            return layout
    in_front, behind = abs(math.log(before / height)), abs(math.log(height / width))
    if in_front < behind or (in_front == behind and not first):
        alike = f"{before} and {height} are most alike"
        return Layout(f"{batch}HWC", alike, dropped)
    alike = f"{height} and {width} are most alike"
    return Layout(f"{batch}CHW" if batch or first else "NHW", alike, dropped)


def _asked(shape: tuple[int, ...], asked: str, name: str) -> Layout:
    """The layout of the user's, checked."""
    letters = asked
    if asked in DATA_FORMATS:
        letters = DATA_FORMATS[asked].get(len(shape), "")
    letters = letters.upper()
    known = (*LAYOUTS, *DATA_FORMATS)
    if asked not in DATA_FORMATS and (
        len(set(letters)) != len(letters) or not {"H", "W"} <= set(letters) <= set("NHWC")
    ):
        raise InputError(
            f"layout='{asked}' is none: use {', '.join(LAYOUTS)} or another order of the letters "
            f"N (pictures), H (height), W (width), C (channels).{nearest(asked, known)}"
        )
    dropped = 0
    if "N" not in letters and len(shape) == len(letters) + 1:
        letters = f"N{letters}"
    while len(shape) - dropped > len(letters) and shape[dropped] == 1:
        dropped += 1
    if len(shape) - dropped != len(letters):
        raise InputError(
            f"layout='{asked}' doesn't fit {name}, which has the {len(shape)} axes {shape}: give "
            "one letter for each axis. (tfviz doctor show viz.imshow_shape)"
        )
    return Layout(letters, "as asked", dropped)


def _refuse_no_picture(shape: tuple[int, ...], name: str) -> None:
    if not shape:
        raise InputError(
            f"{name} is a single number, shape (): a label or a loss, or a map averaged over all "
            "its axes. Give the picture itself; for a map, average over the channels alone, "
            "x.mean(axis=-1). (tfviz doctor show viz.imshow_shape.scalar)"
        )
    if 0 in shape:
        raise InputError(
            f"{name} is empty, shape {shape}: axis {shape.index(0)} has length 0. Nothing was "
            "read, or a crop lies outside the picture: look one step back, at what filled it. "
            "(tfviz doctor show viz.imshow_shape.empty)"
        )
    if len(shape) == 1:
        count = shape[0]
        raise InputError(
            f"{name} is a row of {count} numbers, shape {shape}, not a picture: "
            f"{_unflatten(count)} (tfviz doctor show viz.imshow_shape.flat)"
        )


def _unflatten(count: int) -> str:
    """What to do with a flattened picture of so many numbers."""
    for channels in (1, 3):
        side = math.isqrt(count // channels)
        if side > 1 and side * side * channels == count:
            axes = f"{side}, {side}" + (f", {channels}" if channels > 1 else "")
            return f"if it is a flattened picture, x.reshape({axes}); to draw a curve, plt.plot(x)."
    return (
        "if it is a flattened picture, x.reshape(height, width); for a bar a number, "
        "plt.bar(range(len(x)), x)."
    )
