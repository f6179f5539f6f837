"""Where the taps of a convolution's kernel stand: sizes, padding, positions. No TensorFlow."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError

Pair = tuple[int, int]
Padding = str | Pair


def pair(value: Any, name: str, *, least: int = 1) -> Pair:
    """One integer for both axes, or one for each.

    Args:
        value: An integer, or two: height, width.
        name: What to call it in a message.
        least: The smallest that makes sense.

    Raises:
        InputError: When it is neither.

    >>> pair(2, "strides"), pair((1, 3), "strides")
    ((2, 2), (1, 3))
    """
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    try:
        numbers = tuple(operator.index(each) for each in both)
    except TypeError:
        numbers = ()
    if len(numbers) != 2 or min(numbers) < least:
        raise InputError(
            f"{name}={value!r} doesn't say how many: give an integer of {least} or more, or two "
            f"of them (height, width)."
        )
    return numbers[0], numbers[1]


def _padding(value: Any) -> Padding:
    if not isinstance(value, str):
        return pair(value, "padding", least=0)
    if value.lower() not in ("same", "valid"):
        raise InputError(
            f"padding='{value}' is none: use 'same', 'valid', or how many pixels to add on each "
            f"side."
        )
    return value.lower()


@dataclass(frozen=True)
class Geometry:
    """How a kernel walks over an image.

    Attributes:
        kernel: Height and width of the kernel, in taps.
        strides: Input pixels between neighbouring output pixels, (y, x).
        padding: 'same', 'valid', or pixels on each side, (y, x).
        dilation: Input pixels between neighbouring taps, (y, x).
    """

    kernel: Pair
    strides: Pair = (1, 1)
    padding: Padding = "valid"
    dilation: Pair = (1, 1)

    @classmethod
    def of(cls, kernel: Any, strides: Any, padding: Any, dilation: Any) -> Geometry:
        """The same, from what a user writes: integers or pairs, in any case of letters.

        Raises:
            InputError: When one of them makes no sense.
        """
        return cls(
            pair(kernel, "kernel_size"),
            pair(strides, "strides"),
            _padding(padding),
            pair(dilation, "dilation_rate"),
        )

    @property
    def taps(self) -> int:
        """How many taps the kernel has."""
        return self.kernel[0] * self.kernel[1]

    def before(self, axis: int, size: Any) -> Any:
        """Pixels of padding before the first one.

        Args:
            axis: 0 for y, 1 for x.
            size: Of the image along that axis: an integer, or a scalar tensor.
        """
        if self.padding == "valid":
            return 0
        if not isinstance(self.padding, str):
            return self.padding[axis]
        # As TensorFlow pads: what is left over goes behind.
        return self._missing(axis, size) // 2

    def behind(self, axis: int, size: Any) -> Any:
        """Pixels of padding behind the last one.

        Args:
            axis: 0 for y, 1 for x.
            size: Of the image along that axis: an integer, or a scalar tensor.
        """
        if self.padding == "same":
            return self._missing(axis, size) - self.before(axis, size)
        return self.before(axis, size)

    def _missing(self, axis: int, size: Any) -> Any:
        """Pixels that 'same' adds on both sides together."""
        reach = (self.length(axis, size) - 1) * self.strides[axis] + self._extent(axis)
        missing = reach - size
        # Nothing where nothing is missing: the maximum of it and 0, also for a tensor.
        return (missing + abs(missing)) // 2

    def length(self, axis: int, size: Any) -> Any:
        """Pixels of the output along an axis: an integer or a tensor, as `size` is."""
        stride = self.strides[axis]
        if self.padding == "same":
            return (size + stride - 1) // stride
        pad = 0 if isinstance(self.padding, str) else self.padding[axis]
        return (size + 2 * pad - self._extent(axis)) // stride + 1

    def _extent(self, axis: int) -> int:
        """Pixels from the first tap to the last one, both included."""
        return (self.kernel[axis] - 1) * self.dilation[axis] + 1

    def plain(self, size: Pair) -> np.ndarray:
        """Where an ordinary convolution samples.

        Args:
            size: Height and width of the image.

        Returns:
            (output height, output width, taps, 2), float64: y and x in pixels of the image. Taps
            run along x first. Positions outside the image are in its padding.
        """
        axes = [
            np.arange(self.length(axis, size[axis]))[:, np.newaxis] * self.strides[axis]
            - self.before(axis, size[axis])
            + np.arange(self.kernel[axis]) * self.dilation[axis]
            for axis in (0, 1)
        ]
        rows, columns = axes
        y = np.broadcast_to(
            rows[:, np.newaxis, :, np.newaxis],
            (len(rows), len(columns), *self.kernel),
        )
        x = np.broadcast_to(columns[np.newaxis, :, np.newaxis, :], y.shape)
        both = np.stack([y, x], axis=-1).astype(np.float64)
        return both.reshape(len(rows), len(columns), self.taps, 2)
