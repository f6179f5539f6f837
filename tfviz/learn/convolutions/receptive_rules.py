"""Which part of its inputs one place of an operation's output depends on.

Intervals are (first, last) along y and x, both included, in pixels of the tensor; WHOLE stands for
all there is. They are not cut at the edge: what lies beyond is padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from tfviz.learn.convolutions.receptive_places import EACH_PLACE

Span = tuple[float, float]
WHOLE: Span = (-math.inf, math.inf)
ONLY: Span = (0, 0)


class Area(NamedTuple):
    """A rectangle of places, as spans along y and x."""

    y: Span
    x: Span

    def hull(self, other: Area) -> Area:
        """The smallest area that holds both."""
        return Area(*((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(self, other, strict=True)))


class UnknownOperationError(Exception):
    """No rule is known for an operation; the message is its type."""


Rule = Callable[[Any, Area], list[tuple[Any, Area]]]


def places(tensor: Any) -> tuple[int, int] | None:
    """Height and width of a (batch, height, width, channels) tensor; None for any other."""
    shape = tensor.shape
    if shape.rank != 4 or shape[1] is None or shape[2] is None:
        return None
    return int(shape[1]), int(shape[2])


def parts(op: Any, area: Area, depends: frozenset[str]) -> list[tuple[Any, Area]]:
    """What an area of the first output of an operation depends on.

    Args:
        op: A TensorFlow operation.
        area: Of its output.
        depends: Names of the tensors that depend on the image; others count for nothing.

    Raises:
        UnknownOperationError: When there is no rule for it.
    """
    rule = _RULES.get(op.type)
    if op.type in EACH_PLACE:
        found = _each_place(op, area, depends)
    elif rule is not None:
        found = rule(op, area)
    else:
        raise UnknownOperationError(op.type)
    return [(tensor, part) for tensor, part in found if tensor.name in depends]


def _each_place(op: Any, area: Area, depends: frozenset[str]) -> list[tuple[Any, Area]]:
    found = []
    outer = op.outputs[0]
    for tensor in op.inputs:
        if tensor.name not in depends:
            continue
        if op.type == "IdentityN" and tensor is not op.inputs[0]:
            # Handed through beside the first for the gradient, as in swish.
            found.append((tensor, area))
            continue
        if tensor.shape.rank != outer.shape.rank and tensor.shape.rank != 0:
            raise UnknownOperationError(op.type)
        found.append((tensor, _broadcast(tensor, outer, area, op.type)))
    return found


def _broadcast(tensor: Any, outer: Any, area: Area, kind: str) -> Area:
    inner, own = places(tensor), places(outer)
    if inner is None or own is None:
        if tensor.shape.rank == 4:
            raise UnknownOperationError(kind)
        return Area(ONLY, ONLY)
    spans = []
    for size, whole, span in zip(inner, own, area, strict=True):
        if size not in (1, whole):
            raise UnknownOperationError(kind)
        spans.append(span if size == whole else ONLY)
    return Area(*spans)


def _last_axis(data_format: Any) -> None:
    if data_format not in (b"NHWC", "NHWC"):
        raise UnknownOperationError("channels first")


def _window(op: Any, kernel: tuple[int, int], dilations: Any, area: Area) -> list[tuple[Any, Area]]:
    """A convolution or a pooling."""
    _last_axis(op.get_attr("data_format"))
    source = op.inputs[0]
    size, out = places(source), places(op.outputs[0])
    if size is None or out is None:
        raise UnknownOperationError(op.type)
    strides = op.get_attr("strides")[1:3]
    before = _padding_before(op, size, out, kernel, strides, dilations)
    spans = [
        (first * stride - pad, last * stride - pad + (taps - 1) * apart)
        for (first, last), stride, pad, taps, apart in zip(
            area, strides, before, kernel, dilations, strict=True
        )
    ]
    return [(source, Area(*spans))]


def _padding_before(
    op: Any, size: Any, out: Any, kernel: Any, strides: Any, dilations: Any
) -> list[int]:
    kind = op.get_attr("padding")
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if kind == "VALID":
        return [0, 0]
    if kind == "EXPLICIT":
        given = op.get_attr("explicit_paddings")
        return [given[2], given[4]]
    return [
        max((o - 1) * s + (k - 1) * d + 1 - n, 0) // 2
        for n, o, k, s, d in zip(size, out, kernel, strides, dilations, strict=True)
    ]


def _convolution(op: Any, area: Area) -> list[tuple[Any, Area]]:
    kernel = tuple(op.inputs[1].shape[:2])
    return _window(op, kernel, op.get_attr("dilations")[1:3], area)


def _pooling(op: Any, area: Area) -> list[tuple[Any, Area]]:
    return _window(op, tuple(op.get_attr("ksize")[1:3]), (1, 1), area)


def _transposed(op: Any, area: Area) -> list[tuple[Any, Area]]:
    """A transposed convolution: output o takes from input i where o = i·stride - pad + tap."""
    _last_axis(op.get_attr("data_format"))
    source = op.inputs[2]
    size, out = places(op.outputs[0]), places(source)
    if size is None or out is None:
        raise UnknownOperationError(op.type)
    kernel = tuple(op.inputs[1].shape[:2])
    strides, apart = op.get_attr("strides")[1:3], op.get_attr("dilations")[1:3]
    before = _padding_before(op, size, out, kernel, strides, apart)
    spans = []
    for (first, last), stride, pad, taps, dilation in zip(
        area, strides, before, kernel, apart, strict=True
    ):
        if math.isinf(first):
            spans.append(WHOLE)
            continue
        # By the stride apart, so that a small kernel may leave a place without any.
        low = math.ceil((first + pad - (taps - 1) * dilation) / stride)
        spans.append((low, max(low, math.floor((last + pad) / stride))))
    return [(source, Area(*spans))]


def _dilated(op: Any, area: Area) -> list[tuple[Any, Area]]:
    """A dilated convolution, which TensorFlow makes of a plain one between two shuffles."""
    inner = op.inputs[0].op
    if inner.type not in ("Conv2D", "DepthwiseConv2dNative"):
        raise UnknownOperationError(op.type)
    outer = inner.inputs[0].op
    plain = inner.get_attr("padding") == b"VALID" and set(inner.get_attr("strides")) == {1}
    if outer.type != "SpaceToBatchND" or not plain:
        raise UnknownOperationError(op.type)
    apart, crops = (tf.get_static_value(each) for each in op.inputs[1:])
    padding = tf.get_static_value(outer.inputs[2])
    if apart is None or crops is None or padding is None or len(apart) != 2:
        raise UnknownOperationError(op.type)
    spans = [
        (first + before, last + before + (taps - 1) * int(dilation))
        for (first, last), before, taps, dilation in zip(
            area,
            (int(crop[0]) - int(pad[0]) for crop, pad in zip(crops, padding, strict=True)),
            inner.inputs[1].shape[:2],
            apart,
            strict=True,
        )
    ]
    return [(outer.inputs[0], Area(*spans))]


def _pad(op: Any, area: Area) -> list[tuple[Any, Area]]:
    amounts = tf.get_static_value(op.inputs[1])
    if amounts is None or places(op.inputs[0]) is None or amounts[0].any() or amounts[3].any():
        raise UnknownOperationError(op.type)
    spans = [
        (first - int(amount[0]), last - int(amount[0]))
        for (first, last), amount in zip(area, amounts[1:3], strict=True)
    ]
    return [(op.inputs[0], Area(*spans))]


def _reduction(op: Any, area: Area) -> list[tuple[Any, Area]]:
    """Along the channels alone, or over all places."""
    source, axes = op.inputs[0], tf.get_static_value(op.inputs[1])
    if axes is None or source.shape.rank != 4:
        raise UnknownOperationError(op.type)
    over = {int(each) % 4 for each in axes.reshape(-1)}
    if over == {3} and op.get_attr("keep_dims"):
        return [(source, area)]
    if over >= {1, 2}:
        return [(source, Area(WHOLE, WHOLE))]
    raise UnknownOperationError(op.type)


def _reshape(op: Any, area: Area) -> list[tuple[Any, Area]]:
    """Between a vector and a map of one place, or from a map to a vector of all of it."""
    source, target = op.inputs[0], op.outputs[0]
    if source.op.type == "Tile" and source.shape.rank == 5:
        return _repeated(source.op.inputs[0].op, target, area)
    if source.shape.rank == target.shape.rank == 4 and places(source) == places(target):
        return [(source, area)]
    if source.shape.rank == 2 or places(source) == (1, 1):
        if target.shape.rank == 2 or places(target) == (1, 1):
            return [(source, Area(ONLY, ONLY))]
    elif target.shape.rank == 2 and source.shape.rank == 4:
        return [(source, Area(WHOLE, WHOLE))]
    raise UnknownOperationError(op.type)


def _repeated(outer: Any, target: Any, area: Area) -> list[tuple[Any, Area]]:
    """Rows or columns one by one several times, which is three operations: tf.repeat."""
    source = outer.inputs[0]
    size, out = places(source), places(target)
    if outer.type != "ExpandDims" or tf.get_static_value(outer.inputs[1]) not in (2, 3):
        raise UnknownOperationError("Tile")
    if size is None or out is None or any(o % n for n, o in zip(size, out, strict=True)):
        raise UnknownOperationError("Tile")
    times = [o // n for n, o in zip(size, out, strict=True)]
    return [(source, _scaled(area, lambda o, axis: (o // times[axis],) * 2))]


def _resized(op: Any, area: Area) -> list[tuple[Any, Area]]:
    size, out = places(op.inputs[0]), places(op.outputs[0])
    if size is None or out is None or op.get_attr("align_corners"):
        raise UnknownOperationError(op.type)
    half = 0.5 if op.get_attr("half_pixel_centers") else 0.0
    between = op.type == "ResizeBilinear"

    def around(o: float, axis: int) -> Span:
        place = (o + half) * size[axis] / out[axis] - (half if between else 0)
        return math.floor(place), math.ceil(place) if between else math.floor(place)

    return [(op.inputs[0], _scaled(area, around))]


def _scaled(area: Area, around: Callable[[float, int], Span]) -> Area:
    ends = [
        [s if math.isinf(s) else around(s, i)[k] for k, s in enumerate(area[i])] for i in (0, 1)
    ]
    return Area((ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]))


def _matrix(op: Any, area: Area) -> list[tuple[Any, Area]]:
    if op.outputs[0].shape.rank != 2:
        raise UnknownOperationError(op.type)
    return [(op.inputs[0], area)]


def _along_channels(op: Any, area: Area, axis: Any, sources: list[Any]) -> list[tuple[Any, Area]]:
    if axis is None or int(axis) not in (-1, 3) or op.outputs[0].shape.rank != 4:
        raise UnknownOperationError(op.type)
    return [(each, area) for each in sources]


def _concatenation(op: Any, area: Area) -> list[tuple[Any, Area]]:
    return _along_channels(op, area, tf.get_static_value(op.inputs[-1]), list(op.inputs)[:-1])


def _split(op: Any, area: Area) -> list[tuple[Any, Area]]:
    return _along_channels(op, area, tf.get_static_value(op.inputs[0]), [op.inputs[1]])


def _strided_slice(op: Any, area: Area) -> list[tuple[Any, Area]]:
    source, target = op.inputs[0], op.outputs[0]
    odd = ("shrink_axis_mask", "new_axis_mask", "ellipsis_mask")
    if places(source) is None or places(target) is None:
        raise UnknownOperationError(op.type)
    if any(op.get_attr(each) for each in odd):
        raise UnknownOperationError(op.type)
    begin, steps = (tf.get_static_value(op.inputs[i]) for i in (1, 3))
    if begin is None or steps is None:
        raise UnknownOperationError(op.type)
    spans: list[Span] = []
    for axis, (first, last) in zip((1, 2), area, strict=True):
        if axis >= len(begin):
            spans.append((first, last))
            continue
        step, size = int(steps[axis]), int(source.shape[axis])
        start = int(begin[axis]) + (size if begin[axis] < 0 else 0)
        if op.get_attr("begin_mask") >> axis & 1:
            start = 0
        if step < 1:
            raise UnknownOperationError(op.type)
        spans.append((first * step + start, last * step + start))
    return [(source, Area(*spans))]


_RULES: dict[str, Rule] = {
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _convolution,
    "MaxPool": _pooling,
    "AvgPool": _pooling,
    "Conv2DBackpropInput": _transposed,
    "BatchToSpaceND": _dilated,
    "Pad": _pad,
    "PadV2": _pad,
    "Mean": _reduction,
    "Max": _reduction,
    "Sum": _reduction,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "ResizeBilinear": _resized,
    "ResizeNearestNeighbor": _resized,
    "MatMul": _matrix,
    "ConcatV2": _concatenation,
    "Split": _split,
    "StridedSlice": _strided_slice,
}
