"""Gradients of KerasTensors by KerasTensors, as KerasTensors again.

`K.gradients` of Keras 2 worked on placeholders, because TensorFlow 1 did. Here an operation with a
tape inside stands in the graph instead: it is given the tensors to differentiate by and whatever
else the result needs, runs the part of the graph in between, and differentiates it. So the result
composes with `keras.ops`, indexing and `keras.Function`, and nothing in front of the tensors is
computed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.keras_graph import Ancestry, Graph, ancestry, host_of, maker
from tfviz.autodiff.missing import why_not_by
from tfviz.errors import GradientError
from tfviz.model.tap import listening


def symbolic_gradients(ys: Sequence[Any], xs: Sequence[Any], none: str) -> list[Any]:
    """Gradients of the sum of some KerasTensors by others.

    Args:
        ys: KerasTensors.
        xs: KerasTensors that `ys` were made of: inputs, outputs of layers on the way, or of layers
            inside a nested model on the way.
        none: 'raise', 'zero' or 'keep': what to do where there is no gradient.

    Returns:
        KerasTensors of the shapes and types of `xs` (None where there is none and 'keep').

    Raises:
        GradientError: When `ys` don't depend on one of `xs`, with the reason.
    """
    found = ancestry(ys, stop_at=xs)
    direct = [x for x in xs if id(x) in found.reached]
    inner = [x for x in xs if id(x) not in found.reached]
    if not inner:
        return _at_tensors(list(ys), list(xs), found, none)
    made = dict(zip(map(id, direct), _at_tensors(list(ys), direct, found, none), strict=True))
    whole = ancestry(ys)
    for x in inner:
        host = host_of(x, whole.operations)
        if host is None:
            made[id(x)] = _unconnected(x, none)
            continue
        made[id(x)] = _inside(list(ys), x, whole, none)
    return [made[id(x)] for x in xs]


def _at_tensors(ys: list[Any], xs: list[Any], found: Ancestry, none: str) -> list[Any]:
    if not xs:
        return []
    head = Graph([*xs, *found.roots], ys)
    missing = _missing_at_tensors(head, xs, none)
    operation = TensorGradient(head, len(xs))
    made = list(operation(*xs, *found.roots))
    if none == "keep":
        return [None if i in missing else each for i, each in enumerate(made)]
    return made


def _missing_at_tensors(head: Any, xs: list[Any], none: str) -> set[int]:
    """Which gradients don't exist: told by tracing the part in between, before anything runs."""
    missing: dict[int, str] = {}

    def trace(*values: tf.Tensor) -> tf.Tensor:
        outputs = head(values)
        floating = [each for each in outputs if each.dtype.is_floating]
        watched = list(values[: len(xs)])
        gradients = tf.gradients(floating, watched) if floating else [None] * len(xs)
        for i, gradient in enumerate(gradients):
            if gradient is None:
                missing[i] = _reason(xs[i], watched[i], outputs)
        return tf.zeros(())

    specs = [tf.TensorSpec(each.shape, each.dtype) for each in head.inputs]
    tf.function(trace, autograph=False).get_concrete_function(*specs)
    if missing and none == "raise":
        raise GradientError(next(iter(missing.values())))
    return set(missing)


def _reason(x: Any, value: tf.Tensor, outputs: Sequence[tf.Tensor]) -> str:
    if not value.dtype.is_floating:
        return (
            f"There is no gradient by '{x.name}': its type is {value.dtype.name}, and only "
            f"floating-point tensors can be differentiated by; take the first layer after it."
        )
    return why_not_by(f"'{x.name}' (made by '{maker(x).name}')", value, outputs[0])


def _unconnected(x: Any, none: str) -> Any:
    if none == "keep":
        return None
    if none == "zero":
        return keras.ops.zeros_like(x)
    raise GradientError(
        f"The result does not depend on '{x.name}' (made by '{maker(x).name}'): it belongs to "
        f"another model, or to another branch. Take the tensor from the model that made the "
        f"result: model.get_layer(name).output, or the layer's of a model nested in it."
    )


class TensorGradient(keras.Operation):
    """The gradient of a part of a graph by the tensors that enter it.

    Args:
        head: A `Graph` of the tensors to differentiate by, and of whatever else it needs.
        count: How many of its inputs are differentiated by.
    """

    def __init__(self, head: Any, count: int) -> None:
        super().__init__()
        self.head = head
        self.count = count

    @property
    def operations(self) -> list[Any]:
        """What it is made of, so that layers inside are found through it."""
        return list(self.head.operations)

    def call(self, *values: tf.Tensor) -> list[tf.Tensor]:
        """Run the head under a tape; zeros where there is no gradient."""
        values = tuple(tf.convert_to_tensor(each) for each in values)
        watched = list(values[: self.count])
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([each for each in watched if each.dtype.is_floating])
            outputs = self.head(values)
        return tape.gradient(outputs, watched, unconnected_gradients="zero")

    def compute_output_spec(self, *tensors: Any) -> list[Any]:
        """One tensor like each that is differentiated by."""
        return [keras.KerasTensor(x.shape, dtype=x.dtype) for x in tensors[: self.count]]


def _inside(ys: list[Any], x: Any, found: Ancestry, none: str) -> Any:
    """The gradient by a tensor inside a nested model, whose graph is another one."""
    operation = NestedGradient(Graph(found.roots, ys), maker(x), x)
    specs = [tf.TensorSpec(each.shape, each.dtype) for each in found.roots]
    tf.function(lambda *values: operation.call(*values), autograph=False).get_concrete_function(
        *specs
    )
    if operation.missing:
        if none == "keep":
            return None
        if none == "raise":
            raise GradientError(operation.missing)
    return operation(*found.roots)


class NestedGradient(keras.Operation):
    """The gradient by what a layer inside a nested model returns, listened to while it runs.

    Args:
        whole: A `Graph` from the inputs of the graph to what is differentiated.
        layer: The layer inside.
        like: Its symbolic output.
    """

    def __init__(self, whole: Any, layer: Any, like: Any) -> None:
        super().__init__()
        self.whole = whole
        self.layer_inside = layer
        self.like = like
        self.missing = ""

    @property
    def operations(self) -> list[Any]:
        """What it is made of, so that layers inside are found through it."""
        return list(self.whole.operations)

    def call(self, *values: tf.Tensor) -> tf.Tensor:
        """Run all of it under a tape and differentiate by what was heard."""
        inputs = [tf.convert_to_tensor(each) for each in values]
        with tf.GradientTape() as tape, listening([self.layer_inside]) as calls:
            tape.watch([each for each in inputs if each.dtype.is_floating])
            outputs = self.whole(inputs)
        heard = [each.outputs[0] for each in calls]
        gradients = tape.gradient(outputs, heard)
        if not heard or gradients[0] is None:
            name = self.layer_inside.name
            symbolic = heard and not tf.executing_eagerly()
            self.missing = (
                why_not_by(f"the output of layer '{name}'", heard[0], outputs[0])
                if symbolic
                else f"The result does not depend on layer '{name}'."
            )
            return tf.zeros_like(heard[0]) if heard else tf.zeros(())
        return gradients[0]

    def compute_output_spec(self, *tensors: Any) -> Any:
        """A tensor like the layer's output."""
        return keras.KerasTensor(self.like.shape, dtype=self.like.dtype)
