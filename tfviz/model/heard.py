"""What a traced call of a model was made of, as plain values in execution order.

`model.layers` is in the order of creation and leaves out operations, and the static height and
width of a layer may be unknown until real inputs are seen. So the model is traced once on the
shapes at hand, every layer and operation is listened to, and what each did is written down here.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from tfviz.model.tap import Call, listening, losses_kept, replacing
from tfviz.model.tree import Node, find, walk

# What layers return in place of what they compute: by path, and by the number of the call.
Given = Mapping[str, Mapping[int, tf.Tensor]]

# Between two layers of a subclass there are a few; further away nothing is told by them.
MOST_RAW_OPERATIONS = 64


@dataclass(frozen=True, eq=False)
class Heard:
    """One call of one layer or operation.

    Attributes:
        path: Where it stands in the model: `base/block5_conv3`.
        kind: Its class, `Conv2D`; operations that are no layers look like `Add`, `Relu`.
        shape: Of what it returned, None for the batch and whatever stays unknown.
        tensor: Name of the tensor it returned.
        made_from: Names of the tensors it was given.
        weighted: Whether it has weights.
        data_format: 'channels_last', 'channels_first', or None where it has no say.
        builtin: Whether its class is Keras's own.
        value: The symbolic tensor itself, None in a record made by hand.
        number: Which call of this layer it is, from 0.
    """

    path: str
    kind: str
    shape: tuple[int | None, ...]
    tensor: str
    made_from: tuple[str, ...] = ()
    weighted: bool = False
    data_format: str | None = None
    builtin: bool = True
    value: Any = field(default=None, repr=False)
    number: int = 0


@dataclass(frozen=True, eq=False)
class Hearing:
    """A traced call of a model.

    Attributes:
        outputs: What the model returned, a structure of symbolic tensors.
        heard: All calls that returned a floating-point tensor, in order of completion.
        nodes: All layers and operations, also those that were not called.
    """

    outputs: Any
    heard: tuple[Heard, ...]
    nodes: tuple[Node, ...]


def hear(model: Any, inputs: Any, given: Given | None = None) -> Hearing:
    """Call a model inside the graph that is being traced and write down what happened.

    Args:
        model: A `keras.Model`.
        inputs: Symbolic tensors in the structure that the model takes.
        given: What layers return in place of what they compute: by path, and by the number of
            the call.
    """
    nodes = walk(model)
    paths = {id(node.operation): node.path for node in nodes}
    with contextlib.ExitStack() as stack:
        for path, tensors in (given or {}).items():
            stack.enter_context(replacing(find(nodes, path, model).operation, tensors))
        stack.enter_context(losses_kept([model]))
        calls = stack.enter_context(listening(node.operation for node in nodes))
        outputs = model(inputs, training=False)
    heard: list[Heard] = []
    known: set[str] = set()
    counted: Counter[str] = Counter()
    for call in calls:
        tensor = _floating(call)
        if tensor is not None:
            path = paths[id(call.operation)]
            heard.append(_describe(call, tensor, path, known, counted[path]))
            known.add(tensor.name)
            counted[path] += 1
    return Hearing(outputs, tuple(heard), tuple(nodes))


def _floating(call: Call) -> tf.Tensor | None:
    """The one tensor of a call that a gradient can be taken by: the first of floating type."""
    return next((each for each in call.outputs if each.dtype.is_floating), None)


def _describe(call: Call, tensor: tf.Tensor, path: str, known: set[str], number: int) -> Heard:
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else []
    return Heard(
        path=path,
        kind=type(call.operation).__name__,
        shape=tuple(shape),
        tensor=tensor.name,
        made_from=_made_from(call.inputs, known),
        weighted=bool(getattr(call.operation, "weights", None)),
        data_format=_data_format(call.operation, len(shape)),
        builtin=type(call.operation).__module__.startswith("keras."),
        value=tensor,
        number=number,
    )


def _made_from(inputs: tuple[tf.Tensor, ...], known: set[str]) -> tuple[str, ...]:
    """What a call was given, and behind raw operations the layers that those were given."""
    names: list[str] = []
    for tensor in inputs:
        if not tf.is_symbolic_tensor(tensor):
            continue  # a constant with a value, as the means that preprocess_input subtracts
        names.append(tensor.name)
        if tensor.name in known:
            continue
        waiting, seen = [tensor], {tensor.name}
        while waiting and len(seen) < MOST_RAW_OPERATIONS:
            for each in waiting.pop(0).op.inputs:
                if each.name in known:
                    names.append(each.name)
                elif each.name not in seen:
                    seen.add(each.name)
                    waiting.append(each)
    return tuple(dict.fromkeys(names))


def _data_format(operation: Any, rank: int) -> str | None:
    given = getattr(operation, "data_format", None)
    if given in ("channels_first", "channels_last"):
        return given
    axis = getattr(operation, "axis", None)
    if type(operation).__name__ == "BatchNormalization" and isinstance(axis, int) and rank > 2:
        return "channels_first" if axis == 1 else "channels_last"
    return None
