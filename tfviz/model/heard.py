"""What a traced call of a model was made of, as plain values in execution order.

`model.layers` is in the order of creation and leaves out operations, and the static height and
width of a layer may be unknown until real inputs are seen. So the model is traced once on the
shapes at hand, every layer and operation is listened to, and what each did is written down here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from tfviz.model.tap import Call, listening
from tfviz.model.tree import Node, walk


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
        value: The symbolic tensor itself, None in a record made by hand.
    """

    path: str
    kind: str
    shape: tuple[int | None, ...]
    tensor: str
    made_from: tuple[str, ...] = ()
    weighted: bool = False
    data_format: str | None = None
    value: Any = field(default=None, repr=False)


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


def hear(model: Any, inputs: Any) -> Hearing:
    """Call a model inside the graph that is being traced and write down what happened.

    Args:
        model: A `keras.Model`.
        inputs: Symbolic tensors in the structure that the model takes.
    """
    nodes = walk(model)
    paths = {id(node.operation): node.path for node in nodes}
    with listening(node.operation for node in nodes) as calls:
        outputs = model(inputs, training=False)
    heard = []
    for call in calls:
        tensor = _floating(call)
        if tensor is not None:
            heard.append(_describe(call, tensor, paths[id(call.operation)]))
    return Hearing(outputs, tuple(heard), tuple(nodes))


def _floating(call: Call) -> tf.Tensor | None:
    """The one tensor of a call that a gradient can be taken by: the first of floating type."""
    return next((each for each in call.outputs if each.dtype.is_floating), None)


def _describe(call: Call, tensor: tf.Tensor, path: str) -> Heard:
    shape = tensor.shape.as_list() if tensor.shape.rank is not None else []
    return Heard(
        path=path,
        kind=type(call.operation).__name__,
        shape=tuple(shape),
        tensor=tensor.name,
        made_from=tuple(each.name for each in call.inputs),
        weighted=bool(getattr(call.operation, "weights", None)),
        data_format=_data_format(call.operation, len(shape)),
        value=tensor,
    )


def _data_format(operation: Any, rank: int) -> str | None:
    given = getattr(operation, "data_format", None)
    if given in ("channels_first", "channels_last"):
        return given
    axis = getattr(operation, "axis", None)
    if type(operation).__name__ == "BatchNormalization" and isinstance(axis, int) and rank > 2:
        return "channels_first" if axis == 1 else "channels_last"
    return None
