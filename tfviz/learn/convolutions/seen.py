"""A convolution, seen: where each output pixel looks, tap by tap."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.image.reading import read_rgb
from tfviz.layers.geometry import Geometry, pair
from tfviz.learn.convolutions.kernels import crop, named_kernel, ramp
from tfviz.learn.given import photo as a_photo
from tfviz.learn.lesson import Lesson
from tfviz.model.pixels import GRAY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = 7
# Numbers in larger squares can't be read from the back of a room.
LARGEST = 14
# The same with the padding around it.
PADDED = 16


@dataclass(frozen=True, eq=False)
class Tap:
    """One tap at one output pixel.

    Attributes:
        row: Of the input pixel it stands on; below 0 or too large in the padding.
        column: The same across.
        value: What is there; 0 in the padding.
        weight: Of the kernel.
        padded: Whether it stands in the padding.
    """

    row: int
    column: int
    value: float
    weight: float
    padded: bool

    @property
    def product(self) -> float:
        """What it adds."""
        return self.value * self.weight


@dataclass(frozen=True, eq=False)
class SeenConvolution(Lesson):
    """A convolution of one channel, with everything that it looks at.

    Attributes:
        of: What the photo is called; '' where there is none.
        source: Where the input comes from, in words.
        input: (height, width), float32.
        kernel_name: What the kernel is called.
        kernel: (height, width), float32.
        geometry: Kernel size, strides, padding, dilation.
        output: (height, width), float32, from `keras.ops.conv`.
        how: How that was called, in words.
    """

    of: str
    source: str
    input: np.ndarray
    kernel_name: str
    kernel: np.ndarray
    geometry: Geometry
    output: np.ndarray
    how: str

    @property
    def name(self) -> str:  # type: ignore[override]
        """What its files are called."""
        kernel = _times(self.geometry.kernel)
        parts = [f"convolution-{self.of}" if self.of else "convolution"]
        parts += [self.kernel_name, kernel]
        for letter, both in (("s", self.geometry.strides), ("d", self.geometry.dilation)):
            if both != (1, 1):
                parts.append(f"{letter}{both[0] if both[0] == both[1] else _times(both)}")
        return "-".join([*parts, str(self.geometry.padding)])

    def taps(self, row: int, column: int) -> list[Tap]:
        """The taps of one output pixel, along x first."""
        height, width = self.input.shape
        found = []
        for (y, x), weight in zip(
            self.geometry.plain((height, width))[row, column].astype(int).tolist(),
            self.kernel.ravel().tolist(),
            strict=True,
        ):
            inside = 0 <= y < height and 0 <= x < width
            value = float(self.input[y, x]) if inside else 0.0
            found.append(Tap(y, x, value, weight, not inside))
        return found

    def padding(self, axis: int) -> tuple[int, int]:
        """Pixels of padding before and behind, along an axis (0 for y, 1 for x)."""
        size = self.input.shape[axis]
        return self.geometry.before(axis, size), self.geometry.behind(axis, size)

    def sizes(self) -> list[str]:
        """How the output gets its size, a line for each axis that differs."""
        lines = [self._size(axis) for axis in (0, 1)]
        if lines[0] == lines[1]:
            return lines[:1]
        return [f"{name}: {line}" for name, line in zip(("rows", "columns"), lines, strict=True)]

    def _size(self, axis: int) -> str:
        size, out = self.input.shape[axis], self.output.shape[axis]
        taps, stride = self.geometry.kernel[axis], self.geometry.strides[axis]
        apart = self.geometry.dilation[axis]
        reach = (taps - 1) * apart + 1
        spans = f"{taps} tap{'s' * (taps != 1)}"
        if apart > 1 and taps > 1:
            spans += f", {apart} apart, span {reach}"
        need = (out - 1) * stride + reach
        left = size - need
        unseen = f"; the last {left} {'is' if left == 1 else 'are'} never seen" if left > 0 else ""
        if stride > reach and out > 1:
            unseen = f"; {stride - reach} between are skipped{unseen}"
        if self.geometry.padding == "valid":
            return f"{spans}: output = floor(({size} - {reach}) / {stride}) + 1 = {out}{unseen}"
        before, behind = self.padding(axis)
        told = f"{spans}: output = ceil({size} / {stride}) = {out}"
        if before == behind == 0:
            return f"{told}, and nothing is missing: no padding{unseen}"
        return (
            f"{told}; it spans ({out} - 1)·{stride} + {reach} = {need}, so {need - size} of "
            f"padding: {before} before, {behind} behind"
        )

    @property
    def notes(self) -> list[str]:
        """What surprises people."""
        told = [self.how]
        if any(self.padding(axis)[0] != self.padding(axis)[1] for axis in (0, 1)):
            told.append(
                "'same' puts the odd pixel of padding behind, at the bottom and on the right; "
                "a number of pixels, as in PyTorch, puts as many before, and the taps stand "
                "elsewhere."
            )
        told.append("The kernel isn't flipped: what networks call convolution is correlation.")
        return told

    def numbers(self) -> dict[str, Any]:
        """Input, kernel, output, padding, and the taps of every output pixel."""
        rows, columns = self.output.shape
        return {
            "source": self.source,
            "input": self.input,
            "kernel_name": self.kernel_name,
            "kernel": self.kernel,
            "strides": self.geometry.strides,
            "padding": self.geometry.padding,
            "padding_before": [self.padding(axis)[0] for axis in (0, 1)],
            "padding_behind": [self.padding(axis)[1] for axis in (0, 1)],
            "dilation": self.geometry.dilation,
            "output": self.output,
            "sizes": self.sizes(),
            "notes": self.notes,
            "taps": [
                [
                    [(tap.row, tap.column) for tap in self.taps(row, column)]
                    for column in range(columns)
                ]
                for row in range(rows)
            ],
        }

    def figure(self) -> Figure:
        """Input with its padding, kernel and output, with the taps of some output pixels."""
        from tfviz.learn.convolutions.seen_figure import draw

        return draw(self)

    def page(self) -> str:
        """Every output pixel in its turn, with its products."""
        from tfviz.learn.convolutions.seen_page import page

        return page(self)

    def __str__(self) -> str:
        kernel = _times(self.geometry.kernel)
        lines = [
            f"'{self.kernel_name}' {kernel}, strides {_times(self.geometry.strides)}, padding "
            f"'{self.geometry.padding}', dilation {_times(self.geometry.dilation)}",
            f"on {self.source}",
            "",
            f"{_times(self.input.shape)} in, {_times(self.output.shape)} out",
            *self.sizes(),
            "",
            *_grid("output", self.output),
            "",
        ]
        row, column = 0, 0
        taps = self.taps(row, column)
        padded = sum(each.padded for each in taps)
        inside = " + ".join(
            f"{short(each.weight)}·{_bracket(each.value)}" for each in taps if not each.padded
        )
        lines.append(
            f"output[{row}, {column}] = {inside} = {short(float(self.output[row, column]))}"
            + (f", and {padded} taps in the padding add 0" if padded else "")
        )
        return "\n".join(_wrapped([*lines, "", *self.notes]))


def convolution(
    image: str | os.PathLike[str] | np.ndarray | None = None,
    *,
    kernel_size: int | Sequence[int] = 3,
    strides: int | Sequence[int] = 1,
    padding: str = "same",
    dilation_rate: int | Sequence[int] = 1,
    kernel: str = "edge",
    size: int = SIZE,
    at: tuple[int, int] | None = None,
) -> SeenConvolution:
    """Show where a convolution looks, tap by tap, with the numbers that `keras.ops.conv` gives.

        print(tfviz.learn.convolution(strides=2, padding="same"))

    Args:
        image: A photo, of which a small gray square is taken; a path, or uint8 of shape (height,
            width, 3). None takes a square whose numbers tell where they stand.
        kernel_size: In taps: an integer, or height and width.
        strides: Input pixels between output pixels.
        padding: 'same' or 'valid'.
        dilation_rate: Input pixels between taps.
        kernel: 'edge', 'blur', 'sharpen', 'identity' or 'count'.
        size: Side of the square, in pixels, up to 14.
        at: Row and column of the square in the photo; by default where there is most contrast.

    Returns:
        The convolution: `print` it, `.figure()`, `.page()`, `.save(folder)`.

    Raises:
        InputError: When an argument makes no sense, the image can't be read or is too small, or
            nothing comes out.
    """
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        raise InputError(f"padding {padding!r} must be 'same' or 'valid', as in Keras.")
    sizes = {"kernel_size": kernel_size, "strides": strides, "dilation_rate": dilation_rate}
    for what, both in sizes.items():
        try:
            pair(both, what)
        except InputError as error:
            # In words that suit an argument as well as an option.
            told = "x".join(map(str, both)) if isinstance(both, (tuple, list)) else f"{both!r}"
            raise InputError(
                f"{what.partition('_')[0]} {told}: give a whole number from 1 on, or two of them, "
                "for height and width."
            ) from error
    geometry = Geometry.of(kernel_size, strides, padding, dilation_rate)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
        raise InputError(f"size {size!r} must be a whole number of pixels from 1 to {LARGEST}.")
    reach = max((k - 1) * d + 1 for k, d in zip(geometry.kernel, geometry.dilation, strict=True))
    # The padding is drawn as well, and grows with the kernel.
    padded = max(size + geometry.before(a, size) + geometry.behind(a, size) for a in (0, 1))
    if padded > PADDED or max(geometry.kernel) > PADDED:
        raise InputError(
            f"a kernel that spans {reach} pixels on a square of {size} is too large to be shown "
            f"tap by tap: kernel and padded square may have {PADDED} pixels a side. Use a smaller "
            "kernel, dilation or size."
        )
    weights = named_kernel(kernel, pair(kernel_size, "kernel_size"))
    given, of, source = _input(image, size, at)
    if min(geometry.length(axis, size) for axis in (0, 1)) < 1:
        raise InputError(
            f"nothing comes out: with padding 'valid' a kernel that spans {reach} pixels has no "
            f"place in {size}. Use padding 'same', a smaller kernel or a larger size."
        )
    output, how = run(given, weights, geometry)
    return SeenConvolution(of, source, given, kernel, weights, geometry, output, how)


def run(given: np.ndarray, kernel: np.ndarray, geometry: Geometry) -> tuple[np.ndarray, str]:
    """What `keras.ops.conv` makes of one channel, and how it was called, in words."""
    x = tf.constant(given[np.newaxis, :, :, np.newaxis])
    weights = tf.constant(kernel[:, :, np.newaxis, np.newaxis])
    if geometry.strides == (1, 1) or geometry.dilation == (1, 1):
        result = keras.ops.conv(
            x,
            weights,
            strides=geometry.strides,
            padding=geometry.padding,
            dilation_rate=geometry.dilation,
            data_format="channels_last",
        )
        how = "The output is that of keras.ops.conv."
    else:
        around = [
            (geometry.before(axis, size), geometry.behind(axis, size))
            for axis, size in enumerate(given.shape)
        ]
        dense = keras.ops.conv(
            tf.pad(x, [(0, 0), *around, (0, 0)]),
            weights,
            padding="valid",
            dilation_rate=geometry.dilation,
            data_format="channels_last",
        )
        down, across = geometry.strides
        result = dense[:, ::down, ::across]
        how = (
            "Keras on TensorFlow refuses strides and dilation together; the output is that of "
            "keras.ops.conv with the dilation alone, of which every stride-th pixel is taken."
        )
    return np.asarray(result)[0, :, :, 0], how


def _input(
    image: str | os.PathLike[str] | np.ndarray | None, size: int, at: tuple[int, int] | None
) -> tuple[np.ndarray, str, str]:
    if image is None:
        if at is not None:
            raise InputError("at= names a place in an image: give one, or leave it away.")
        return ramp(size), "", f"a {size}x{size} square that counts 10 a row and 1 a column"
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8:
            raise InputError(
                f"image has the shape {image.shape} and the type {image.dtype}: give a path, or a "
                "uint8 array of shape (height, width, 3)."
            )
        photo, of, told = image, "array", "an array"
    else:
        photo, of, told = read_rgb(a_photo(image)), Path(image).stem, Path(image).name
    gray = np.round(photo.astype(np.float32) @ GRAY)
    square, row, column = crop(gray, size, at)
    return (
        square,
        of,
        (f"{told}, gray, rows {row} to {row + size - 1}, columns {column} to {column + size - 1}"),
    )


def short(value: float) -> str:
    """A number in few letters: whole where it is, else with three digits.

    >>> short(12.0), short(0.1111), short(-3.14159)
    ('12', '0.111', '-3.14')
    """
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3g}"


def _bracket(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def _times(both: Sequence[int]) -> str:
    return "x".join(str(each) for each in both)


def _grid(name: str, values: np.ndarray) -> list[str]:
    cells = [[short(round(float(each), 4)) for each in row] for row in values]
    width = max(3, max(len(each) for row in cells for each in row)) + 1
    most = max(1, (80 - 2) // width)
    more = " ..." if values.shape[1] > most else ""
    rows = ["  " + "".join(f"{each:>{width}}" for each in row[:most]) + more for row in cells]
    return [f"{name}:", *rows]


def _wrapped(lines: Sequence[str]) -> list[str]:
    import textwrap

    found: list[str] = []
    for line in lines:
        # Tables stay as they are.
        found += [line] if line.startswith("  ") or not line else textwrap.wrap(line, 80)
    return found


__all__ = ["SeenConvolution", "convolution"]
