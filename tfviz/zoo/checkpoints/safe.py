""".safetensors files: a header in JSON, then the raw tensors."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.zoo.checkpoints.refusal import RefusedError, printable, shown
from tfviz.zoo.checkpoints.tensors import StoredTensor, check_shape, widened

# The format allows ten times as much. A tensor takes about 100, and in memory ten times that.
MOST_HEADER_BYTES = 10_000_000
# What the package says of a header can quote it.
LONGEST_QUOTED = 200
# The format's names of types: PyTorch's name, NumPy's letter for its bytes.
TYPES = {
    "F32": ("float32", "<f4"),
    "F64": ("float64", "<f8"),
    "F16": ("float16", "<f2"),
    "BF16": ("bfloat16", "<u2"),
    "I64": ("int64", "<i8"),
    "I32": ("int32", "<i4"),
    "I16": ("int16", "<i2"),
    "I8": ("int8", "i1"),
    "U8": ("uint8", "u1"),
    "BOOL": ("bool", "?"),
}


def read_safe(path: Path, data: np.ndarray) -> dict[str, StoredTensor]:
    """The tensors of a .safetensors file, by name.

    The header is checked by the package that defines the format: no hole, no overlap, no name
    twice, every tensor as long as its shape says.

    Args:
        path: The file.
        data: All its bytes, memory-mapped.

    Raises:
        RefusedError: When it is no such file, or a damaged one.
    """
    from safetensors import safe_open

    length = _header_bytes(data)
    if length > MOST_HEADER_BYTES:
        raise RefusedError(
            f"has a header of {length:,} bytes, which no weights need: it is damaged or was made "
            f"to do harm."
        )
    try:
        with safe_open(str(path), framework="np") as opened:
            names = list(opened.keys())
            parts = {name: opened.get_slice(name) for name in names}
            told = {name: (part.get_dtype(), part.get_shape()) for name, part in parts.items()}
    except Exception as error:  # the package's own class, or that of the system
        quoted = printable(str(error).rstrip("."), LONGEST_QUOTED)
        raise RefusedError(
            f"is no whole .safetensors file ({quoted}): download it again."
        ) from error
    begins = _begins(data)
    return {name: _tensor(name, *told[name], begins[name], data) for name in names}


def _header_bytes(data: np.ndarray) -> int:
    return int.from_bytes(data[:8].tobytes(), "little")


def _begins(data: np.ndarray) -> dict[str, int]:
    """Where each tensor begins in the file, of a header that has been checked."""
    import json

    length = _header_bytes(data)
    header = json.loads(data[8 : 8 + length].tobytes())
    return {
        name: 8 + length + each["data_offsets"][0]
        for name, each in header.items()
        if name != "__metadata__"
    }


def _tensor(name: str, kind: str, shape: Any, begin: int, data: np.ndarray) -> StoredTensor:
    if kind not in TYPES:
        raise RefusedError(
            f"has tensor {shown(name)} of type {kind}, which is not read: known are "
            f"{', '.join(TYPES)}."
        )
    check_shape(tuple(shape), np.dtype(TYPES[kind][1]).itemsize)
    return StoredTensor(
        tuple(shape), TYPES[kind][0], partial(_read, data, begin, kind, tuple(shape))
    )


def _read(data: np.ndarray, begin: int, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    dtype = np.dtype(TYPES[kind][1])
    count = int(np.prod(shape, dtype=np.int64))
    values = data[begin : begin + count * dtype.itemsize].view(dtype).reshape(shape)
    return widened(values) if kind == "BF16" else values
