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


class Graph:
    """The part of a graph between some tensors and others, ready to run on values.

    `keras.Function` does the same from the inputs of a model; that tensors on the way may be its
    inputs too holds only since Keras 3.13.

    Args:
        inputs: KerasTensors, also ones on the way.
        outputs: KerasTensors made of them.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self._nodes = _in_order(self.inputs, self.outputs)

    @property
    def operations(self) -> list[Any]:
        """All operations of it, in the order they run."""
        return list({id(node.operation): node.operation for node in self._nodes}.values())

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        """Run it on values in the order of the inputs; returns those of the outputs."""
        known = {id(x): value for x, value in zip(self.inputs, values, strict=True)}
        for node in self._nodes:
            args, kwargs = node.arguments.fill_in(known)
            made = keras.tree.flatten(node.operation(*args, **kwargs))
            for tensor, value in zip(node.outputs, made, strict=True):
                known.setdefault(id(tensor), value)
        return [known[id(each)] for each in self.outputs]


def _in_order(inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    """The nodes from inputs to outputs, each after those that it needs."""
    stops = {id(each) for each in inputs}
    order: list[Any] = []
    done: set[int] = set()
    # Iterative, for deep graphs: a node is met twice, the second time when its inputs are there.
    waiting = [(each, False) for each in outputs]
    while waiting:
        tensor, ready = waiting.pop()
        if id(tensor) in stops:
            continue
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if id(node) in done or node.is_input:
            continue
        if ready:
            done.add(id(node))
            order.append(node)
        else:
            waiting.append((tensor, True))
            waiting.extend((each, False) for each in node.input_tensors)
    return order


def host_of(tensor: Any, operations: Iterable[Any]) -> Any | None:
    """The nested model, among these operations, in which a tensor was made; None when in none."""
    made_by = maker(tensor)
    for operation in operations:
        if children(operation) and any(node.operation is made_by for node in walk(operation)):
            return operation
    return None
