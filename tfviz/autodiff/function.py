"""`function(inputs, outputs)`: what `K.function` was, on Keras 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.autodiff.keras_graph import Graph, ancestry, host_of, is_keras_tensor, maker
from tfviz.errors import GradientError, InputError
from tfviz.model.backend import require_backend
from tfviz.model.tap import listening


def function(inputs: Any, outputs: Any) -> Function:
    """A compiled function from symbolic inputs to symbolic outputs.

    Args:
        inputs: KerasTensors, as a list: `[model.input]`.
        outputs: KerasTensors that were made of them, as a list or one: outputs of layers, what
            `keras.ops` or `tfviz.gradients` made of them, also of layers inside a nested model.

    Returns:
        A callable. It takes a list of arrays, one for each input, and returns NumPy arrays in the
        form of `outputs`.

    Raises:
        GradientError: When an output isn't made of these inputs.

    Source: F. Chollet, "Deep Learning with Python", 2017, uses `K.function` in this way (5.4).
    """
    require_backend()
    return Function(inputs, outputs)


class Function:
    """Runs a graph of KerasTensors on arrays, compiled once for each set of shapes."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = _list(inputs, "inputs")
        flat = list(keras.tree.flatten(outputs))
        for each in flat:
            if not is_keras_tensor(each):
                raise InputError(
                    f"outputs= must hold KerasTensors (layer.output, model.output, what keras.ops "
                    f"made of them); {type(each).__name__} was given."
                )
        self.outputs = outputs
        known = {id(each) for each in self.inputs}
        direct = [each for each in flat if _roots(each, self.inputs) <= known]
        self._direct = Graph(self.inputs, direct)
        self._place: dict[int, int] = {id(each): i for i, each in enumerate(direct)}
        operations = ancestry(direct).operations if direct else ()
        self._taps: list[tuple[Any, Any]] = []
        for each in flat:
            if id(each) not in self._place:
                self._taps.append(self._tap(each, operations))
        self._flat = flat
        self._run = tf.function(self._compute, autograph=False, reduce_retracing=True)

    def _tap(self, output: Any, operations: Sequence[Any]) -> tuple[Any, Any]:
        """A layer inside a nested model, and what is made of its output."""
        for start in (output, *_made_of(output)):
            if is_keras_tensor(start) and host_of(start, operations) is not None:
                tail = None if start is output else Graph([start], [output])
                return maker(start), tail
        raise GradientError(
            f"The output '{output.name}' (made by '{maker(output).name}') is not made of the given "
            f"inputs: it belongs to another model. Take it from the model whose inputs these are; "
            f"for a layer inside a nested model, ask for an output of the outer model as well, so "
            f"that the way through it is known."
        )

    def _compute(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        with listening({id(layer): layer for layer, _ in self._taps}.values()) as calls:
            direct = self._direct(values)
        heard: dict[int, tf.Tensor] = {}
        for each in calls:
            heard.setdefault(id(each.operation), each.outputs[0])
        tapped = iter([_after(heard[id(layer)], tail) for layer, tail in self._taps])
        return [
            direct[self._place[id(each)]] if id(each) in self._place else next(tapped)
            for each in self._flat
        ]

    def __call__(self, values: Any) -> Any:
        """Run it.

        Args:
            values: One array for each input, in a list; a bare array where there is one input.

        Returns:
            NumPy arrays in the form of `outputs`.
        """
        given = list(values) if isinstance(values, (list, tuple)) else [values]
        if len(given) != len(self.inputs):
            raise InputError(
                f"The function takes {len(self.inputs)} inputs, and {len(given)} were given: pass "
                f"a list with one array for each."
            )
        tensors = [
            tf.cast(tf.convert_to_tensor(value), symbolic.dtype)
            for value, symbolic in zip(given, self.inputs, strict=True)
        ]
        # Copies: the book writes into them, and TensorFlow's own are read-only.
        found = [np.array(each) for each in self._run(tensors)]
        return keras.tree.pack_sequence_as(self.outputs, found)


def _after(heard: tf.Tensor, tail: Any) -> tf.Tensor:
    return heard if tail is None else tail([heard])[0]


def _list(tensors: Any, name: str) -> list[Any]:
    flat = keras.tree.flatten(tensors)
    if not flat or not all(is_keras_tensor(each) for each in flat):
        raise InputError(f"{name}= must hold KerasTensors: [model.input].")
    return list(flat)


def _roots(tensor: Any, inputs: Sequence[Any]) -> set[int]:
    found = ancestry([tensor], stop_at=inputs)
    return {id(each) for each in found.roots} | set(found.reached)


def _made_of(tensor: Any) -> list[Any]:
    """The tensors that a tensor was made of, the nearest first."""
    found: list[Any] = []
    waiting = [tensor]
    while waiting:
        each = waiting.pop(0)
        history = each._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if not node.is_input:
            found.extend(node.input_tensors)
            waiting.extend(node.input_tensors)
    return found
