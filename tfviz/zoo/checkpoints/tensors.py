"""Tensors as they lie in a file: looked at without being read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tfviz.zoo.checkpoints.refusal import RefusedError, printable

# Storage classes of PyTorch: the tensor's type as PyTorch calls it, NumPy's letter for its bytes.
STORAGES = {
    "FloatStorage": ("float32", "f4"),
    "DoubleStorage": ("float64", "f8"),
    "HalfStorage": ("float16", "f2"),
    "BFloat16Storage": ("bfloat16", "u2"),
    "LongStorage": ("int64", "i8"),
    "IntStorage": ("int32", "i4"),
    "ShortStorage": ("int16", "i2"),
    "CharStorage": ("int8", "i1"),
    "ByteStorage": ("uint8", "u1"),
    "BoolStorage": ("bool", "?"),
    "ComplexFloatStorage": ("complex64", "c8"),
    "ComplexDoubleStorage": ("complex128", "c16"),
}
# NumPy's own limit is 32 before version 2 and 64 since.
MOST_DIMENSIONS = 32
MOST_SIZES = 100
# NumPy counts bytes in 63 bits, also those of a tensor without values; bfloat16 doubles in size.
MOST_BYTES = 2**61


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor in a file.

    Attributes:
        shape: Its sizes, in PyTorch's order.
        dtype: PyTorch's name for its type: 'float32', 'bfloat16', ...
        read: Reads the values: see `array`.
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray] = field(repr=False)

    @property
    def size(self) -> int:
        """How many values it has."""
        return math.prod(self.shape)

    def array(self) -> np.ndarray:
        """The values, in PyTorch's order of axes.

        Returns:
            An array of `shape`, possibly a read-only view of the file. bfloat16, which NumPy
            lacks, comes as float32, which holds it exactly.
        """
        return self.read()


@dataclass(eq=False)
class Storage:
    """A run of values of one type that tensors are windows of.

    Attributes:
        key: Its name in the file.
        kind: A key of `STORAGES`.
        count: How many values the file says it has.
        data: Its bytes, uint8 of shape (bytes,), once the reader has found them.
        big_endian: Whether they were written by such a machine.
    """

    key: str
    kind: str
    count: int
    data: np.ndarray | None = None
    big_endian: bool = False

    @property
    def item_bytes(self) -> int:
        """Bytes of one value."""
        return np.dtype(STORAGES[self.kind][1]).itemsize

    @property
    def bytes(self) -> int:
        """Bytes of all of it."""
        return self.count * self.item_bytes

    def tensor(self, offset: Any, shape: Any, strides: Any, *, most_bytes: int) -> StoredTensor:
        """A window of it, after its bounds are checked.

        Args:
            offset: Where it begins, in values.
            shape: Its sizes.
            strides: Steps between neighbours along each axis, in values.
            most_bytes: More than this is no tensor of this file.

        Raises:
            RefusedError: When it reaches beyond the storage, or isn't described by whole numbers.
        """
        sizes, steps = _whole(shape, "shape"), _whole(strides, "strides")
        (first,) = _whole((offset,), "offset")
        if len(sizes) != len(steps) or len(sizes) > MOST_DIMENSIONS:
            raise RefusedError(
                f"describes a tensor with {len(sizes)} sizes and {len(steps)} strides, which is "
                f"none: it is damaged, get it again."
            )
        total = math.prod(sizes)
        last = first + sum((n - 1) * step for n, step in zip(sizes, steps, strict=True))
        if first > self.count or (total and last >= self.count):
            raise RefusedError(
                f"describes a tensor of shape {sizes} that reaches to value {last} of a storage "
                f"with {self.count}: it is damaged or was made to do harm."
            )
        if total * self.item_bytes > most_bytes:
            raise RefusedError(
                f"describes a tensor of shape {sizes}, {total * self.item_bytes:,} bytes, and "
                f"has only {most_bytes:,} itself: it was expanded (save it after "
                f"tensor.contiguous()), is damaged or was made to do harm."
            )
        check_shape(sizes, self.item_bytes)
        # Along an axis of one value no step is taken, and any number may stand for it.
        steps = tuple(step if n > 1 else 0 for n, step in zip(sizes, steps, strict=True))
        dtype = STORAGES[self.kind][0]
        return StoredTensor(sizes, dtype, partial(_window, self, first, sizes, steps))


def _window(
    storage: Storage, first: int, sizes: tuple[int, ...], steps: tuple[int, ...]
) -> np.ndarray:
    assert storage.data is not None, "the reader attaches the bytes of every storage"
    dtype = np.dtype(STORAGES[storage.kind][1])
    dtype = dtype.newbyteorder(">" if storage.big_endian else "<")
    values = storage.data.view(dtype)[first:]
    if math.prod(sizes) == 0:
        seen = np.empty(sizes, dtype)
    else:
        strides = tuple(step * dtype.itemsize for step in steps)
        seen = np.lib.stride_tricks.as_strided(values, sizes, strides, writeable=False)
    return widened(seen) if storage.kind == "BFloat16Storage" else seen


def check_shape(shape: tuple[int, ...], item_bytes: int) -> None:
    """Refuse what NumPy can't make an array of, even where one size is zero.

    Args:
        shape: Sizes of a tensor.
        item_bytes: Bytes of one value.

    Raises:
        RefusedError: When there are too many axes or too many values along the others.
    """
    if len(shape) > MOST_DIMENSIONS:
        raise RefusedError(f"describes a tensor of {len(shape)} axes: it is damaged, get it again.")
    if math.prod(max(n, 1) for n in shape) * item_bytes >= MOST_BYTES:
        raise RefusedError(
            f"describes a tensor of shape {printable(shape)}, which no memory holds: it is damaged "
            f"or was made to do harm."
        )


def widened(bits: np.ndarray) -> np.ndarray:
    """bfloat16 as float32, of which it is the upper half.

    Args:
        bits: Its bits, uint16.

    >>> widened(np.array([0x3F80, 0xC000], np.uint16))
    array([ 1., -2.], dtype=float32)
    """
    return (np.asarray(bits).astype(np.uint32) << 16).view(np.float32)


def _whole(values: Any, what: str) -> tuple[int, ...]:
    # A shape of a million sizes, told once and used a million times, would take for ever to check.
    if (
        not isinstance(values, (tuple, list))
        or len(values) > MOST_SIZES
        or not all(type(each) is int and 0 <= each < 2**63 for each in values)
    ):
        raise RefusedError(f"describes a tensor whose {what} is no list of sizes: it is damaged.")
    return tuple(values)
