"""Finite differences: move a number a little, see what moves, hold it against the gradient.

Of one op: it is run again by itself, in float64 where TensorFlow can, with one number of one input
moved. Of the whole step: one weight is moved and the loss computed again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.learn.steps.rules import NESTED

STEP = 1e-6
FLOAT32_STEP = 1e-2
# What float32 leaves of a sum of products, and what a half-precision one does.
TOLERANCE = {"float32": 2e-4, "float64": 1e-6, "float16": 3e-2, "bfloat16": 2e-1}
_EPSILON = {"float64": 2.2e-16, "float32": 1.2e-7, "float16": 1e-3}
LOSS_STEP = 4e-3
# Of the steepest weight's slope: kinks of a whole network lie closer than any step is short.
LOSS_TOLERANCE = 0.03
# No slope holds for so much of the loss.
MOST_OF_LOSS = 0.3
MOST_TO_REPLAY = 20_000_000


@dataclass(frozen=True)
class Nudge:
    """One number that was moved.

    Attributes:
        index: Where it stands in its array.
        gradient: What the gradient says.
        difference: What the finite difference says.
        agrees: Whether they do; None where the difference can't tell: too small for the precision,
            or a kink, at which the slopes to the left and to the right differ.
        note: Why it can't tell.
    """

    index: tuple[int, ...]
    gradient: float
    difference: float
    agrees: bool | None
    note: str = ""


def can_replay(op: tf.Operation) -> str:
    """Why an op can't be run by itself; '' where it can."""
    if op.type in NESTED:
        return "stands for a graph of its own, and is checked with the loss"
    if op.type == "IdentityN":
        return "a custom gradient is its author's word, which no difference of this op confirms"
    if op.type == "StopGradient":
        return "stops the gradient on purpose"
    if op.op_def.is_stateful or not hasattr(tf.raw_ops, op.type):
        return "depends on more than its inputs"
    return ""


def nudge_op(
    op: tf.Operation,
    inputs: Sequence[np.ndarray],
    gradients: Mapping[int, np.ndarray],
    index: Sequence[int],
    part: np.ndarray,
    places: Sequence[tuple[int, ...]],
) -> list[Nudge]:
    """Finite differences of an op by one of its inputs.

    Args:
        op: The op.
        inputs: The values of all its inputs.
        gradients: Of the loss by each of its outputs, by their number.
        index: Which input is moved; several where they are one and the same tensor.
        part: What the op's rule makes of the gradients for this input; held against it.
        places: Which of its numbers.

    Returns:
        One for each place; none where TensorFlow can't run the op again.
    """
    for double in (True, False):
        try:
            return [_nudge(op, inputs, gradients, index, part, at, double) for at in places]
        except (tf.errors.OpError, TypeError, ValueError, StopIteration):
            # Not every op has a kernel for float64.
            continue
    return []


def _nudge(
    op: tf.Operation,
    inputs: Sequence[np.ndarray],
    gradients: Mapping[int, np.ndarray],
    index: Sequence[int],
    part: np.ndarray,
    at: tuple[int, ...],
    double: bool,
) -> Nudge:
    here = abs(float(inputs[index[0]][at]))
    steps = [STEP * max(1.0, here), 1e-4 * here] if double else [FLOAT32_STEP * max(1.0, here)]
    tolerance = TOLERANCE.get(inputs[index[0]].dtype.name, 2e-1)
    tolerance = tolerance if double else max(tolerance, 2e-2)
    found = _compared(op, inputs, gradients, index, part, at, double, steps[0], tolerance)
    # A number as small as a divisor that was kept from 0 is moved in its own measure.
    if found.agrees is False and len(steps) > 1 and steps[1] > 0:
        return _compared(op, inputs, gradients, index, part, at, double, steps[1], tolerance)
    return found


def _compared(
    op: tf.Operation,
    inputs: Sequence[np.ndarray],
    gradients: Mapping[int, np.ndarray],
    index: Sequence[int],
    part: np.ndarray,
    at: tuple[int, ...],
    double: bool,
    step: float,
    tolerance: float,
) -> Nudge:
    weights = {i: np.asarray(each, np.float64) for i, each in gradients.items()}

    def moved(by: float) -> dict[int, np.ndarray]:
        changed = [np.asarray(each) for each in inputs]
        for each in index:
            changed[each] = _wide(changed[each], double).copy()
            changed[each][at] += by
        outputs = [each.numpy() for each in replay(op, changed, double)]
        if double and any(outputs[i].dtype != np.float64 for i in weights):
            raise TypeError(f"{op.type} answers in single precision")
        return {i: outputs[i].astype(np.float64) for i in weights}

    low, middle, high = moved(-step), moved(0.0), moved(step)

    def along(first: dict[int, np.ndarray], second: dict[int, np.ndarray]) -> float:
        return float(sum(np.sum(each * (second[i] - first[i])) for i, each in weights.items()))

    terms = float(sum(np.sum(np.abs(w * (high[i] - low[i]))) for i, w in weights.items()))
    noise = 16 * _EPSILON.get(part.dtype.name, 1e-2) * terms / (2 * step)
    left, right = along(low, middle) / step, along(middle, high) / step
    difference, claimed = (left + right) / 2, float(part[at])
    typical = float(np.sqrt(np.mean(np.square(part, dtype=np.float64)))) if part.size else 0.0
    close = tolerance * (max(abs(claimed), abs(difference)) + typical) + 1e-30
    if abs(difference - claimed) <= close:
        return Nudge(at, claimed, difference, True)
    if abs(difference - claimed) <= noise:
        return Nudge(at, claimed, difference, None, "a sum of which only its rounding is left")
    between = min(left, right) - close <= claimed <= max(left, right) + close
    if abs(left - right) > 10 * close and between:
        told = f"a kink: the slope is {left:.4g} to the left and {right:.4g} to the right"
        return Nudge(at, claimed, difference, None, told)
    return Nudge(at, claimed, difference, False)


def replay(op: tf.Operation, inputs: Sequence[np.ndarray], double: bool) -> list[tf.Tensor]:
    """Run one op by itself on values.

    Args:
        op: An op without a state or a graph of its own.
        inputs: Values for its inputs, in their order.
        double: Whether in float64 what was in a shorter type.
    """
    function = getattr(tf.raw_ops, op.type)
    wanted = inspect.signature(function).parameters
    given: dict[str, Any] = {}
    left = [tf.constant(_wide(np.asarray(each), double)) for each in inputs]
    # Some arguments have other names in Python than in the op's definition; the order is the same.
    known = {argument.name for argument in op.op_def.input_arg}
    attributes = {attribute.name for attribute in op.op_def.attr}
    strangers = iter([n for n in wanted if n not in known | attributes and n != "name"])
    for argument in op.op_def.input_arg:
        name = argument.name if argument.name in wanted else next(strangers)
        if argument.number_attr or argument.type_list_attr:
            length = (
                op.get_attr(argument.number_attr)
                if argument.number_attr
                else len(op.get_attr(argument.type_list_attr))
            )
            given[name], left = left[:length], left[length:]
        else:
            given[name], left = left[0], left[1:]
    for attribute in op.op_def.attr:
        if attribute.name in wanted and attribute.name not in given:
            value = op.get_attr(attribute.name)
            floating = isinstance(value, tf.DType) and value.is_floating
            given[attribute.name] = tf.float64 if double and floating else value
    with tf.device("CPU:0"):
        outputs = function(**given)
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def nudge_loss(
    loss_at: Callable[[list[Any]], float],
    values: Sequence[Any],
    index: int,
    gradient: np.ndarray,
    at: tuple[int, ...],
    here: float,
) -> Nudge:
    """The finite difference of the whole loss by one number of one variable.

    Two lengths of step, and the slopes to both sides, tell how far the difference itself is to be
    trusted: the loss is float32, and a network of ReLUs is full of kinks.

    Args:
        loss_at: The loss as a function of the values of all variables.
        values: These values.
        index: Which variable is moved.
        gradient: Of the loss by it.
        at: Which of its numbers.
        here: The loss at the values as they are.
    """
    value = np.asarray(values[index])
    typical = float(np.sqrt(np.mean(np.square(value, dtype=np.float64))))
    claimed = float(gradient[at])
    rounding = 8 * _EPSILON["float32"] * abs(here)
    # As short as leaves the rounding at a hundredth of the slope: the fewer kinks lie within.
    step = LOSS_STEP * max(abs(float(value[at])), typical, 1e-2)
    step = min(step, 100 * rounding / (abs(claimed) or 1e-30))
    step = max(step, LOSS_STEP / 40 * max(abs(float(value[at])), typical, 1e-3))

    def slopes(length: float) -> tuple[float, float]:
        found = []
        for sign in (-1, 1):
            moved = value.copy()
            moved[at] += value.dtype.type(sign * length)
            loss = loss_at([*values[:index], tf.constant(moved), *values[index + 1 :]])
            # What was really added, after rounding.
            found.append((loss - here) / (float(moved[at]) - float(value[at])))
        return found[0], found[1]

    left, right = slopes(step / 2)
    rough, fine = sum(slopes(step)) / 2, (left + right) / 2
    # Twice the step makes four times the error of curvature, half of it twice that of rounding.
    best = fine + (fine - rough) / 3
    noise = abs(fine - rough) + rounding / step
    if abs(claimed) * step > MOST_OF_LOSS * max(abs(here), 1e-30):
        note = "the loss bends within the shortest step that its precision allows"
        return Nudge(at, claimed, best, None, note)
    if noise > 0.25 * abs(claimed):
        note = "too small a slope for this precision"
        if abs(best - claimed) <= LOSS_TOLERANCE * abs(claimed) + noise:
            return Nudge(at, claimed, best, None, note)
    elif abs(best - claimed) <= LOSS_TOLERANCE * abs(claimed) + noise:
        return Nudge(at, claimed, best, True)
    elif min(left, right) <= claimed <= max(left, right):
        note = f"kinks: the slope is {left:.4g} to the left and {right:.4g} to the right"
        return Nudge(at, claimed, best, None, note)
    return Nudge(at, claimed, best, False)


def _wide(value: np.ndarray, double: bool) -> np.ndarray:
    floating = value.dtype.kind == "f" or value.dtype.name == "bfloat16"
    return value.astype(np.float64) if double and floating else value
