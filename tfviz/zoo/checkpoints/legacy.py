"""The files that PyTorch wrote before version 1.6: pickles in a row, then the raw storages."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from tfviz.zoo.checkpoints.machine import read_pickle
from tfviz.zoo.checkpoints.refusal import RefusedError, shown
from tfviz.zoo.checkpoints.tensors import Storage

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
# The pickle of `MAGIC`, with which every such file begins.
BEGINNING = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_COUNT_BYTES = 8


def read_legacy(data: np.ndarray) -> Any:
    """What a file of PyTorch before 1.6 holds.

    Args:
        data: All its bytes, memory-mapped.

    Raises:
        RefusedError: When it is no such file, or a damaged one.
    """
    view = data.data
    storages: dict[str, Storage] = {}
    parts: list[Any] = []
    position = 0
    for _ in range(5):
        part, position = read_pickle(
            view, position, most_bytes=data.size, storages=storages if len(parts) == 3 else {}
        )
        parts.append(part)
    magic, protocol, system, content, keys = parts
    if magic != MAGIC or protocol != PROTOCOL:
        raise RefusedError("is a pickle that PyTorch didn't write: it is no file of weights.")
    if type(keys) is not list or not all(type(each) is str for each in keys):
        raise RefusedError("is damaged: it doesn't list its storages. Download it again.")
    if len(set(keys)) != len(keys) or set(keys) != set(storages):
        raise RefusedError(
            f"is damaged: it lists {len(keys)} storages and describes {len(storages)}. Download "
            f"it again."
        )
    little = not isinstance(system, dict) or system.get("little_endian", True) is not False
    needed = position + sum(_COUNT_BYTES + storages[key].bytes for key in keys)
    if needed > data.size:
        raise RefusedError(
            f"is cut short: {needed - data.size:,} bytes of its weights are missing. Download it "
            f"again."
        )
    for key in keys:
        storage = storages[key]
        count_end = position + _COUNT_BYTES
        (count,) = struct.unpack("<q" if little else ">q", view[position:count_end])
        if count != storage.count:
            raise RefusedError(
                f"has {count:,} values in storage {shown(key)} and describes {storage.count:,}: "
                f"it is damaged, download it again."
            )
        position = count_end + storage.bytes
        storage.data = data[count_end:position]
        storage.big_endian = not little
    return content
