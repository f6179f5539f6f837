"""Whether a method can be applied to a model, and which can where it can't.

The one place that says so. Each need of `tfviz.explain.family` has a test here, on the traced call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import tensorflow as tf

from tfviz.errors import MethodError
from tfviz.explain.attention import why_no_attention
from tfviz.explain.family import FAMILY, NEEDS
from tfviz.explain.masks import why_unmaskable
from tfviz.explain.relus import why_without

if TYPE_CHECKING:
    from tfviz.explain.scene import Scene

_RENAMING = {"Identity", "Cast", "Reshape", "Squeeze", "ExpandDims"}
_ADDING = {"BiasAdd", "AddV2", "Add"}
_LINEAR = {"MatMul", "BatchMatMulV2", "Conv1D", "Conv2D", "Conv3D"}
MOST_BEHIND_POOLING = 32


def check(name: str, scene: Scene) -> None:
    """Refuse a method that this model, layer or target can't be explained by.

    Args:
        name: Of the method; one that is not in the family has no needs.
        scene: The traced call.

    Raises:
        MethodError: With what is missing, and the methods that can be applied.
    """
    entry = FAMILY.get(name)
    for need in entry.needs if entry is not None else ():
        reason = WHY_NOT[need](scene)
        if reason:
            fitting = [
                each.name
                for each in FAMILY.values()
                if not any(WHY_NOT[other](scene) for other in each.needs)
            ]
            raise MethodError(
                f"Method '{name}' needs {NEEDS[need]}, and {reason}. Methods that can explain "
                f"this: {', '.join(fitting)}."
            )


def _no_pooling(scene: Scene) -> str:
    """Why what lies behind the layers is no global average pooling with one linear layer."""
    if scene.where.at_input:
        return "the model's input is explained at"
    logits = scene.listened.explained.tensor
    reasons = (
        _not_linear(logits, tensor, spot.layout, spot.path)
        for tensor, spot in zip(scene.tapped, scene.spots, strict=True)
    )
    return next((reason for reason in reasons if reason), "")


def _not_linear(logits: tf.Tensor, tapped: tf.Tensor, layout: str, path: str) -> str:
    """What stands between a layer and the logits besides pooling, a linear layer and renaming."""
    rank = tapped.shape.rank or 0
    channels = 1 if layout == "channels_first" else rank - 1
    space = {axis for axis in range(1, rank) if axis != channels}
    tensor, linear = logits, 0
    for _ in range(MOST_BEHIND_POOLING):
        operation = tensor.op
        inputs = list(operation.inputs)
        if tensor.name == tapped.name or not inputs:
            break
        if operation.type == "Mean" and _unnamed(inputs[0]).name == tapped.name:
            axes = tf.get_static_value(inputs[1])
            pooled = axes is not None and {int(axis) % rank for axis in axes.ravel()} == space
            if pooled and linear != 1:
                return f"{linear} linear layers follow layer '{path}'"
            return "" if pooled else f"layer '{path}' is averaged over other axes"
        if operation.type in _RENAMING:
            tensor = inputs[0]
        elif operation.type in _LINEAR:
            if _made_from(inputs[1], tapped):
                return (
                    f"behind layer '{path}' stands '{operation.name}' ({operation.type}), both "
                    f"sides of which come from it"
                )
            # A 1x1 convolution of what was pooled is a linear layer too.
            linear += 1
            tensor = inputs[0]
        elif operation.type in _ADDING:
            # A bias is a variable or a constant: it doesn't come from the layer.
            made = [each for each in inputs if not _is_weight(each)]
            if len(made) != 1:
                return f"behind layer '{path}' two branches are added ('{operation.name}')"
            tensor = made[0]
        else:
            return f"behind layer '{path}' stands '{operation.name}' ({operation.type})"
    return f"layer '{path}' leads to the logits in another way"


def _unnamed(tensor: tf.Tensor) -> tf.Tensor:
    """What a tensor is behind operations that only rename or cast it."""
    while tensor.op.type in ("Identity", "Cast"):
        tensor = tensor.op.inputs[0]
    return tensor


def _made_from(tensor: tf.Tensor, source: tf.Tensor) -> bool:
    """Whether a tensor depends on another."""
    waiting, seen = [tensor], set()
    while waiting:
        each = waiting.pop()
        if each.name == source.name:
            return True
        if each.op.name not in seen:
            seen.add(each.op.name)
            waiting.extend(each.op.inputs)
    return False


def _is_weight(tensor: tf.Tensor) -> bool:
    while tensor.op.type in _RENAMING:
        tensor = tensor.op.inputs[0]
    return tensor.op.type in ("ReadVariableOp", "Const")


def _one_class(scene: Scene) -> str:
    if scene.target.no_class:
        return scene.target.no_class
    units = scene.logits.shape[1]
    return "this model has one output unit" if units == 1 else ""


def _one_stage(scene: Scene) -> str:
    return "one layer is given" if len(scene.plans) < 2 else ""


def _no_places_in(scene: Scene) -> str:
    placed = [each for each in scene.listened.inputs if (each.shape.rank or 0) > 2]
    if not placed:
        return "no input of this model has places"
    return "" if any(each.dtype.is_floating for each in placed) else "its inputs are integers"


def _no_masks(scene: Scene) -> str:
    inputs = scene.listened.inputs
    for spot, tensor in zip(scene.spots, scene.tapped, strict=True):
        if spot.source >= len(inputs):
            return "its input is no tensor"
        places = 2 if spot.grid is not None else (tensor.shape.rank or 0) - 2
        reason = why_unmaskable(spot, places, inputs[spot.source])
        if reason:
            return reason
    return ""


WHY_NOT: dict[str, Callable[[Scene], str]] = {
    "pooling": _no_pooling,
    "classes": _one_class,
    "stages": _one_stage,
    "attention": why_no_attention,
    "input": _no_places_in,
    "relu": why_without,
    "masks": _no_masks,
}
"""For each need a test of the traced call: why it isn't met, '' where it is."""
