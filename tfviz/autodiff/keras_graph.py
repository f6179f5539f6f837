"""The graph behind KerasTensors: what a tensor was made of.

Keras keeps it in `_keras_history` and `_inbound_nodes`, which are private; seen to work in Keras
3.12 to 3.15. This is the one place that reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from tfviz.model.tree import children, walk


def is_keras_tensor(value: Any) -> bool:
    """Whether this is a symbolic tensor of Keras, a placeholder without values."""
    return isinstance(value, keras.KerasTensor)


def maker(tensor: Any) -> Any:
    """The layer or operation that made a KerasTensor."""
    return tensor._keras_history.operation


@dataclass(frozen=True)
class Ancestry:
    """What some tensors were made of.

    Attributes:
        roots: The inputs they depend on, each once.
        operations: All operations on the way, each once, the nearest first.
        reached: Those of the tensors asked for that lie on the way, by id.
    """

    roots: tuple[Any, ...]
    operations: tuple[Any, ...]
    reached: frozenset[int]


def ancestry(tensors: Iterable[Any], stop_at: Sequence[Any] = ()) -> Ancestry:
    """Walk back from tensors to the inputs they were made of.

    Args:
        tensors: KerasTensors.
        stop_at: KerasTensors not to go behind.
    """
    stops = {id(each) for each in stop_at}
    roots: dict[int, Any] = {}
    operations: dict[int, Any] = {}
    reached: set[int] = set()
    seen: set[int] = set()
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        if id(tensor) in stops:
            reached.add(id(tensor))
            continue
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if node.is_input:
            roots[id(tensor)] = tensor
            continue
        operations[id(history.operation)] = history.operation
        waiting.extend(node.input_tensors)
    return Ancestry(tuple(roots.values()), tuple(operations.values()), frozenset(reached))


def host_of(tensor: Any, operations: Iterable[Any]) -> Any | None:
    """The nested model, among these operations, in which a tensor was made; None when in none."""
    made_by = maker(tensor)
    for operation in operations:
        if children(operation) and any(node.operation is made_by for node in walk(operation)):
            return operation
    return None
