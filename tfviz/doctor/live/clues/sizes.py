"""Sizes that follow from earlier layers: a map smaller than its window, halves that don't double back."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.fitting import is_layer
from tfviz.doctor.live.clues.seen import arrays_on_line, differing, shape_of
from tfviz.doctor.live.clues.shapes import parts_of
from tfviz.doctor.live.clues.trees import argument, last_name
from tfviz.doctor.live.memory import free
from tfviz.doctor.live.safely import is_a, maybe


@says("memory.numpy_array")
def asked_and_free(case: Case) -> Iterator[str]:
    """What the array would take beside what is free."""
    match = re.search(r"shape (\([\d, ]*\)) and data type (\w+)", case.message)
    available = free()
    if match is None or available is None:
        return
    try:
        needed = math.prod(ast.literal_eval(match[1])) * np.dtype(match[2]).itemsize
    except TypeError:  # no type of plain numbers
        return
    if needed > available:
        yield (
            f"{match[1]} of {match[2]} take {needed / 2**30:.1f} GiB, and {available / 2**30:.1f} GiB are "
            "free."
        )


@says("shape.output_size_zero")
def which_window(case: Case) -> Iterator[str]:
    """The window of the layer that was being called, beside what it is laid on."""
    for frame in case.inner:
        layer = frame.locals.get("self")
        if not is_layer(layer):
            continue
        window = maybe(layer, "kernel_size") or maybe(layer, "pool_size")
        if type(window) is not tuple or not all(type(each) is int for each in window):
            continue
        first = maybe(layer, "data_format") == "channels_first"
        for name, value in arrays_on_line(case):
            shape = shape_of(value)
            if shape is None or len(shape) != len(window) + 2:
                continue
            places = shape[2:] if first else shape[1:-1]
            if any(n is not None and n < w for n, w in zip(places, window, strict=True)):
                yield (
                    f"The window of '{maybe(layer, 'name')}' ({type(layer).__name__}) is {window}, and "
                    f"of `{name}` only {places} is left."
                )
                return


@says("shape.output_size_zero")
def window_on_the_line(case: Case) -> Iterator[str]:
    """The same, from the call, where Keras has hidden its own frames."""
    if any(is_layer(frame.locals.get("self")) for frame in case.inner):
        return
    for call in case.line.calls():
        made = call.func
        if not isinstance(made, ast.Call) or not call.args:
            continue
        kind = last_name(made.func) or ""
        place = 1 if kind.startswith("Conv") else 0 if "Pooling" in kind else None
        window = case.line.maybe(argument(made, place, "kernel_size", "pool_size"))
        shape = shape_of(case.line.maybe(call.args[0]))
        if place is None or type(window) not in (int, tuple) or shape is None or len(shape) != 4:
            continue
        both = (window, window) if type(window) is int else window
        if any(n is not None and n < w for n, w in zip(shape[1:3], both, strict=False)):
            yield f"The window of this {kind} is {both}, and of `{ast.unparse(call.args[0])}` only {shape[1:3]} is left."
            return


@says("shape.concatenate_mismatch", "shape.merge_mismatch")
def odd_before_halving(case: Case) -> Iterator[str]:
    """An odd size that was halved and doubled comes back one smaller."""
    parts, _ = parts_of(case)
    shapes = [shape_of(value) or () for _, value in parts]
    if len(parts) != 2 or len(shapes[0]) != len(shapes[1]) or len(shapes[0]) not in (3, 4, 5):
        return
    for axis in differing(shapes[0], shapes[1], [0, len(shapes[0]) - 1]):
        large, small = sorted((shapes[0][axis] or 0, shapes[1][axis] or 0), reverse=True)
        smaller = parts[0 if shapes[0][axis] == small else 1][1]
        if large % 2 and small == large - 1 and _doubled(smaller):
            said = (
                f"{large} is odd: pooling by 2 makes {large // 2} of it, and doubling that {small}"
            )
            yield f"{said}{_of_input(case, axis, large)}."
            return


def _doubled(tensor: Any) -> bool:
    """Whether a layer that doubles sizes lies shortly before a tensor of a model."""
    for _ in range(12):
        layer = maybe(maybe(tensor, "_keras_history"), "operation")
        name = type(layer).__name__
        if name.startswith("UpSampling") or name.endswith("Transpose"):
            return True
        tensor = maybe(layer, "input")
        if tensor is None:
            return False
    return False


def _of_input(case: Case, axis: int, size: int) -> str:
    """How the model's input led to an odd size, where it is at hand."""
    found: set[int] = set()
    for frame in (case.own, *case.callers[:3]):
        for value in list(frame.locals.values())[:300]:
            if is_a(value, "keras", "KerasTensor") and _is_input(value):
                shape = shape_of(value) or ()
                if len(shape) > axis and isinstance(shape[axis], int):
                    found.add(int(shape[axis] or 0))
    if len(found) != 1:
        return ""
    whole = found.pop()
    times = whole // size
    if times < 2 or whole != times * size:
        return ""
    return f". The input's {whole} can be halved down to {size} and no further; it must be divisible by {2 * times} or more"


def _is_input(value: Any) -> bool:
    operation = maybe(maybe(value, "_keras_history"), "operation")
    return type(operation).__name__ == "InputLayer"
