"""What a score is made of besides its input: the biases, also those that nobody wrote down.

At one input a network is as good as linear: each operation gives back its input times its slope
there, and whatever is left over is a bias, explicit (`BiasAdd`, the shift of a batch normalisation)
or implicit (the ceiling of a ReLU6; of any other curve what its tangent cuts off the axis). With
the gradient g of the score by an operation's output y the leftover's share of the score is

    c = g y - sum over its inputs x of (what reaches x through it) x

All shares and the input times its gradient add up to the score. A convolution, a pooling, a ReLU
leave nothing over. So the graph of the traced call is walked through, and no layer need be known.

Source: Srinivas and Fleuret, "Full-Gradient Representation for Neural Network Visualization",
NeurIPS 2019, propositions 1 and 2, and section 3 for implicit biases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.model.logits import upstream

# Nothing is left over: linear, or as a maximum of things that are.
_HOMOGENEOUS = {
    "Identity", "IdentityN", "Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose", "Pad",
    "MirrorPad", "Slice", "StridedSlice", "GatherV2", "GatherNd", "ConcatV2", "Pack", "Unpack",
    "Split", "SplitV", "Mean", "Sum", "Neg", "AddN", "AddV2", "Add", "Sub", "BiasAdd", "AvgPool",
    "AvgPool3D", "SpaceToBatchND", "BatchToSpaceND", "DepthToSpace", "SpaceToDepth", "Tile",
    "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "BroadcastTo", "ReverseV2",
    "Cumsum", "Roll", "EnsureShape", "CheckNumerics", "Relu", "LeakyRelu", "MaxPool", "MaxPoolV2",
    "MaxPool3D", "Max", "Min", "Abs", "PlaceholderWithDefault", "L2Loss", "ExtractImagePatches",
    "TopKV2",
}  # fmt: skip
_CONCATENATING = {"ConcatV2", "Pack"}
_PRODUCTS = {
    "Conv2D", "Conv3D", "DepthwiseConv2dNative", "Conv2DBackpropInput", "Conv3DBackpropInputV2",
    "MatMul", "BatchMatMul", "BatchMatMulV2", "Einsum", "Mul",
}  # fmt: skip
# Each number of the output is made of those at the same place.
_BY_PLACE = {
    "Relu6", "Elu", "Selu", "Softplus", "Softsign", "Sigmoid", "Tanh", "Erf", "Erfc", "Exp",
    "Expm1", "Log", "Log1p", "Sqrt", "Rsqrt", "Square", "Reciprocal", "Inv", "Pow", "Minimum",
    "Maximum", "SelectV2", "SquaredDifference", "FusedBatchNormV3", "RealDiv", "Sin", "Cos",
}  # fmt: skip
_PIECEWISE = {"Relu6", "Minimum", "Maximum", "SelectV2", "FusedBatchNormV3"}
_CUT = {"StopGradient", "Shape", "PreventGradient", "OnesLike", "ZerosLike", "Sign"}


@dataclass(frozen=True, eq=False)
class Leftover:
    """What an operation adds to the score of its own.

    Attributes:
        name: Of the operation.
        share: How much at each number of its output, float32 in its shape; symbolic.
        plain: Whether all before it works number by number, as `Rescaling` on the input: its shares
            belong to the input's own.
        sources: Indices of the model's inputs that it was made from.
    """

    name: str
    share: tf.Tensor
    plain: bool
    sources: frozenset[int]


@dataclass(frozen=True, eq=False)
class Linearised:
    """A score as a sum.

    Attributes:
        inputs: Each input times its gradient, float32 in the input's shape; symbolic. None for one
            that the score doesn't depend on, or that has no gradient.
        leftovers: All that has a share, in execution order.
        curved: Kinds of operations that aren't piecewise linear.
        unknown: Kinds of operations of which it isn't known what is left over: where there are
            any, the sum falls short of the score.
    """

    inputs: tuple[tf.Tensor | None, ...]
    leftovers: tuple[Leftover, ...]
    curved: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass
class _Walk:
    """What a walk through the graph finds, before any gradient is taken."""

    kept: list[tuple[tf.Operation, list[tf.Tensor], str]] = field(default_factory=list)
    plain: set[str] = field(default_factory=set)
    sources: dict[str, frozenset[int]] = field(default_factory=dict)
    curved: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def linearise(scene: Any) -> Linearised:
    """Take the score of a traced call apart.

    Args:
        scene: The call.
    """
    inputs = [each for each in scene.listened.inputs if each.dtype.is_floating]
    walk = _walked(scene.score, scene.listened.inputs)
    outputs = [operation.outputs[0] for operation, _, _ in walk.kept]
    found = scene.gradients_by([*inputs, *outputs])
    by_input = {
        each.ref(): None if g is None else g * tf.cast(each, tf.float32)
        for each, g in zip(inputs, found, strict=False)
    }
    leftovers = []
    for (operation, used, kind), g in zip(walk.kept, found[len(inputs) :], strict=True):
        if g is not None:
            share = _share(operation, used, kind, g)
            plain = operation.name in walk.plain
            sources = frozenset().union(*(walk.sources[each.name] for each in used))
            leftovers.append(Leftover(operation.name, share, plain, sources))
    return Linearised(
        inputs=tuple(by_input.get(each.ref()) for each in scene.listened.inputs),
        leftovers=tuple(leftovers),
        curved=tuple(dict.fromkeys(walk.curved)),
        unknown=tuple(dict.fromkeys(walk.unknown)),
    )


def _walked(score: tf.Tensor, inputs: Sequence[tf.Tensor]) -> _Walk:
    """All operations between the inputs and the score, each with how its leftover is found."""
    walk = _Walk()
    needed = upstream(score)
    reached = walk.sources
    reached.update(
        {each.name: frozenset([i]) for i, each in enumerate(inputs) if each.dtype.is_floating}
    )
    untouched = set(reached)
    for operation in score.graph.get_operations():
        if operation.name not in needed or operation.type in _CUT:
            continue
        used = [each for each in operation.inputs if each.name in reached]
        outputs = [each for each in operation.outputs if each.dtype.is_floating]
        if not used or not outputs:
            continue
        sources = frozenset().union(*(reached[each.name] for each in used))
        reached.update({each.name: sources for each in outputs})
        if _custom(operation):
            # tf.custom_gradient hands on results and, unread, what they were made of: by these the
            # gradient is taken.
            own = [a for a, b in zip(operation.inputs, outputs, strict=True) if not b.consumers()]
            used = [each for each in own if each.name in reached]
        kind = _kind(operation, used)
        same_places = all(each.name in untouched and _same_shape(each, outputs[0]) for each in used)
        if same_places and (operation.type in _BY_PLACE | {"Mul", "Identity", "Cast", "Neg"}
                            or kind == "added"):  # fmt: skip
            untouched.update(each.name for each in outputs)
            walk.plain.add(operation.name)
        if kind == "unknown":
            walk.unknown.append(operation.type)
        elif kind:
            walk.kept.append((operation, used, kind))
            if kind != "added" and operation.type not in _PIECEWISE:
                walk.curved.append(operation.type)
    return walk


def _kind(operation: tf.Operation, used: list[tf.Tensor]) -> str:
    """How the leftover of an operation is found; '' where there is none."""
    name, y = operation.type, operation.outputs[0]
    floating = [each for each in operation.inputs if each.dtype.is_floating]
    constant = [each for each in floating if all(each is not one for one in used)]
    by_place = all(_same_shape(each, y) for each in used)
    if _custom(operation):
        return "tangent" if by_place else "unknown"
    if name in _HOMOGENEOUS:
        adds = name in _CONCATENATING or name in ("AddV2", "Add", "Sub", "BiasAdd")
        return "added" if constant and adds else ""
    if name in _PRODUCTS:
        return "product" if len(used) > 1 or _squared(operation) else ""
    if name == "RealDiv" and used[0] is operation.inputs[0] and len(used) == 1:
        return ""
    if name == "PadV2":
        return "" if tf.get_static_value(operation.inputs[2]) == 0 else "unknown"
    if name == "Softmax":
        return "softmax"
    if name == "RealDiv" and len(used) == 2:
        return "quotient"
    if name == "SquaredDifference" and len(used) == 2:
        return "product"
    if name == "FusedBatchNormV3" and operation.get_attr("is_training"):
        return "unknown"
    return "tangent" if name in _BY_PLACE and by_place else "unknown"


def _share(operation: tf.Operation, used: list[tf.Tensor], kind: str, g: tf.Tensor) -> tf.Tensor:
    y = tf.cast(operation.outputs[0], tf.float32)
    if kind == "added":
        return g * tf.cast(_constant_part(operation, used), tf.float32)
    if kind == "product":
        # Of second degree: its tangent passes through -y where all its inputs are 0.
        return -g * y
    if kind == "quotient":
        return g * y
    if kind == "softmax":
        x = tf.cast(operation.inputs[0], tf.float32)
        return g * y * (1 - x + tf.reduce_sum(y * x, axis=-1, keepdims=True))
    own = tf.cast(g, operation.outputs[0].dtype)
    through = tf.gradients(operation.outputs[0], used, grad_ys=own, stop_gradients=used)
    share = g * y
    for x, part in zip(used, through, strict=True):
        if part is not None:
            share -= tf.cast(part, tf.float32) * tf.cast(x, tf.float32)
    return share


def _constant_part(operation: tf.Operation, used: list[tf.Tensor]) -> tf.Tensor:
    """What the operation gives where everything that comes from the input is 0."""
    inputs = list(operation.inputs)
    if operation.type in _CONCATENATING:
        axis = inputs.pop() if operation.type == "ConcatV2" else operation.get_attr("axis")
        parts = [
            tf.zeros_like(each) if any(each is one for one in used) else each for each in inputs
        ]
        return tf.concat(parts, axis) if operation.type == "ConcatV2" else tf.stack(parts, axis)
    position = next(i for i, each in enumerate(inputs) if all(each is not one for one in used))
    constant = inputs[position]
    if operation.type == "Sub" and position == 1:
        return -constant
    if operation.type == "BiasAdd" and operation.get_attr("data_format") == b"NCHW":
        rank = operation.outputs[0].shape.rank
        return tf.reshape(constant, [1, -1, *[1] * (rank - 2)])
    return constant


def _custom(operation: tf.Operation) -> bool:
    return operation.type == "IdentityN" and "_gradient_op_type" in operation.node_def.attr


def _squared(operation: tf.Operation) -> bool:
    inputs = list(operation.inputs)
    return len(inputs) == 2 and inputs[0] is inputs[1]


def _same_shape(x: tf.Tensor, y: tf.Tensor) -> bool:
    if x.shape.rank is None or x.shape.rank != y.shape.rank:
        return False
    return bool(np.all([a == b for a, b in zip(x.shape.as_list(), y.shape.as_list(), strict=True)]))
