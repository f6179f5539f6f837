"""Maps over tokens of an image model, folded back into the grid they were cut from.

The graph tells what the tokens are: somewhere before the layer, patches (batch, rows, columns,
features) are reshaped to (batch, rows * columns, features). A recurrent network's steps, or columns
of a text line with their rows put into the features, are no such patches and stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfviz.model.heard import Heard
from tfviz.model.logits import upstream

# A class token, and a distillation token beside it, stand before the patches.
MOST_EXTRA_TOKENS = 2
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")
_PICKING = {"StridedSlice", "GatherV2", "Slice"}
_RENAMING = {"Identity", "Cast"}


@dataclass(frozen=True)
class Grid:
    """How tokens lie in an image: `extra` in front, then `rows` times `columns`."""

    extra: int
    rows: int
    columns: int


def find_grid(tensor: tf.Tensor, image: tf.Tensor, heard: Sequence[Heard]) -> Grid | None:
    """The grid that the tokens of a layer were cut from, None when they were cut from none.

    Args:
        tensor: What the layer returns, symbolic.
        image: The model input that it looks at, symbolic.
        heard: All calls of the model.
    """
    if tensor.shape.rank != 3 or image.shape.rank != 4:
        return None
    needed = upstream(tensor)
    names = {each.tensor for each in heard if each.kind.startswith(_RECURRENT)}
    if any(name.rsplit(":", 1)[0] in needed for name in names):
        return None
    tokens = tensor.shape[1]
    found = None
    for operation in tensor.graph.get_operations():
        if operation.type != "Reshape" or operation.name not in needed:
            continue
        before, after = operation.inputs[0].shape, operation.outputs[0].shape
        if before.rank != 4 or after.rank != 3 or None in (*before[1:], *after[1:]):
            continue
        rows, columns, features = before[1:]
        if min(rows, columns) > 1 and tuple(after[1:]) == (rows * columns, features):
            found = (rows, columns)
    if found is None or tokens is None:
        return None
    extra = tokens - found[0] * found[1]
    return Grid(extra, *found) if 0 <= extra <= MOST_EXTRA_TOKENS else None


def only_one_token_read(tensor: tf.Tensor, needed: frozenset[str]) -> bool:
    """Whether all that the score takes of some tokens is one of them (a class token).

    Args:
        tensor: (batch, tokens, features), symbolic.
        needed: Names of the operations that the score depends on.
    """
    waiting, readers = [tensor], []
    while waiting:
        for each in waiting.pop().consumers():
            if each.name not in needed or each.type in ("Shape", "StopGradient"):
                continue
            if each.type in _RENAMING:
                waiting.append(each.outputs[0])
            else:
                readers.append(each)
    return bool(readers) and all(
        each.type in _PICKING and each.outputs[0].shape.rank in (2, 3)
        and (each.outputs[0].shape.rank == 2 or each.outputs[0].shape[1] == 1)
        for each in readers
    )  # fmt: skip


def fold(maps: np.ndarray, grid: Grid | None) -> tuple[np.ndarray, str]:
    """Fold maps (batch, tokens) into (batch, rows, columns).

    Args:
        maps: Any maps.
        grid: How the tokens lie; None leaves the maps as they are.

    Returns:
        The maps, and a note on what was done, empty when nothing was.
    """
    if grid is None or maps.ndim != 2:
        return maps, ""
    note = f"{maps.shape[1]} tokens folded to {grid.rows}x{grid.columns}"
    if grid.extra:
        note += f" without the first {grid.extra}"
    return maps[:, grid.extra :].reshape(len(maps), grid.rows, grid.columns), note
