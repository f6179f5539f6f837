"""The ops of a step that was run, each with its rule, its numbers and its checks."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.learn.steps.nudging import MOST_TO_REPLAY, Nudge, can_replay, nudge_op
from tfviz.learn.steps.putting import follows, numbers_put_in
from tfviz.learn.steps.records import BEHIND, Input, Numbers, OpStep, Output, Use
from tfviz.learn.steps.rules import Rule, formula, letters, pretty, rule_of
from tfviz.learn.steps.tracing import Heard, Traced

_LEAVES = {"Placeholder"}


class Ops:
    """Makes the records of all ops that the gradient goes through.

    Args:
        traced: The step.
        owners: Variable path to the path of its layer.
        checks: Whether ops are run again for finite differences.
    """

    def __init__(self, traced: Traced, owners: Mapping[str, str], checks: bool) -> None:
        self.traced = traced
        self.owners = owners
        self.checks = checks
        self._own = set(traced.ops)
        self._layers = _layer_of_ops(traced)

    def steps(self) -> tuple[OpStep, ...]:
        """One for each op, in the order they ran."""
        found = []
        for op in self.traced.ops:
            graded = any(each.name in self.traced.gradients for each in op.outputs)
            if (graded or op.name in self.traced.through) and op.type != "Const":
                found.append(self._leaf(op) if op.type in _LEAVES else self._step(op))
        return tuple(found)

    def _leaf(self, op: tf.Operation) -> OpStep:
        tensor = op.outputs[0]
        path = self.traced.leaves.get(tensor.name)
        if path is not None:
            layer, kind, words = self.owners[path], "Variable", "the gradient that an update uses"
            short = path.rsplit("/", 1)[-1]
        else:
            layer, kind, words = "", "Input", "how the loss would change with the data"
            short = path = op.name
        return OpStep(op.name, short, kind, layer, words, True, (), self._outputs(op))

    def _step(self, op: tf.Operation) -> OpStep:
        names = {each.name for each in op.op_def.attr}
        # TensorFlow marks a custom gradient by an attribute that the op's definition doesn't have.
        attributes = dict.fromkeys(names | set(op.node_def.attr), True)
        words, rule = rule_of(op.type, attributes)
        known = rule is not None or not words.startswith("TensorFlow's vector")
        layer = self._layers.get(op.name, BEHIND)
        short = op.name.rsplit("/", 1)[-1]
        inputs = self._inputs(op, rule)
        return OpStep(op.name, short, op.type, layer, words, known, inputs, self._outputs(op))

    def _outputs(self, op: tf.Operation) -> tuple[Output, ...]:
        found = []
        for tensor in op.outputs:
            if tensor.name not in self.traced.values:
                continue
            value = Numbers.of(self.traced.values[tensor.name])
            gradient = self.traced.gradients.get(tensor.name)
            parts = [
                (each.name, self.traced.parts[each.name, tensor.name])
                for each in dict.fromkeys(tensor.consumers())
                if (each.name, tensor.name) in self.traced.parts
            ]
            off = 0.0
            if parts and gradient is not None:
                total = sum(each.astype(np.float64) for _, each in parts)
                size = sum(np.abs(each.astype(np.float64)) for _, each in parts)
                wrong = np.max(np.abs(total - gradient), initial=0.0)
                off = float(wrong / (np.max(size, initial=0.0) or 1.0))
            uses = tuple(Use(name, Numbers.of(part)) for name, part in parts)
            shown = None if gradient is None else Numbers.of(gradient)
            found.append(Output(value, shown, uses, off))
        return tuple(found)

    def _inputs(self, op: tf.Operation, rule: Rule | None) -> tuple[Input, ...]:
        tensors = list(op.inputs)
        called = letters(len(tensors))
        made, done = [], set()
        for i, tensor in enumerate(tensors):
            if tensor.name not in self.traced.values or tensor.name in done:
                continue
            done.add(tensor.name)
            letter = called[i] if i < len(called) else f"x{i + 1}"
            name = self.traced.leaves.get(tensor.name, tensor.op.name)
            value = Numbers.of(self.traced.values[tensor.name])
            part = self._part(op, tensor)
            if part is None:
                made.append(Input(letter, name, value))
            else:
                made.append(self._input(op, rule, i, letter, name, value, part))
        return tuple(made)

    def _input(
        self,
        op: tf.Operation,
        rule: Rule | None,
        index: int,
        letter: str,
        name: str,
        value: Numbers,
        part: np.ndarray,
    ) -> Input:
        same = [i for i, each in enumerate(op.inputs) if each is op.inputs[index]]
        values = [self.traced.values.get(each.name) for each in op.inputs]
        at = _steepest(part)
        text, form, fits, off = "", "", None, 0.0
        graded = [i for i, each in enumerate(op.outputs) if each.name in self.traced.gradients]
        whole = rule is not None and graded == [0] and all(each is not None for each in values)
        if rule is not None:
            forms = dict.fromkeys(formula(rule, each) for each in same)
            form = " + ".join(pretty(each) for each in forms if each)
        if whole and rule is not None and part.size:
            arrays = [np.asarray(each) for each in values]
            y = self.traced.values[op.outputs[0].name]
            dy = self.traced.gradients[op.outputs[0].name]
            fits, off = follows(rule, op, same, arrays, y, dy, part)
            # Of a number used twice by one op the formula would tell half.
            if len(same) == 1 and fits is not False:
                text = numbers_put_in(rule, op, index, arrays, y, dy, part, at)
        nudges, unchecked = self._nudged(op, same, values, part, at)
        return Input(
            letter, name, value, form, Numbers.of(part), text, at, fits, off, nudges, unchecked
        )

    def _nudged(
        self,
        op: tf.Operation,
        same: list[int],
        values: list[Any],
        part: np.ndarray,
        at: tuple[int, ...],
    ) -> tuple[tuple[Nudge, ...], str]:
        if not self.checks or not part.size:
            return (), "not asked for"
        reason = can_replay(op)
        if not reason and any(each is None for each in values):
            reason = "one of its inputs is no array of numbers"
        size = sum(each.size for each in values if each is not None)
        if not reason and size > MOST_TO_REPLAY:
            reason = "too large to be run again"
        if not reason and not np.isfinite(part.astype(np.float64)).all():
            reason = "the gradient isn't finite"
        if reason:
            return (), reason
        gradients = {
            i: self.traced.gradients[each.name]
            for i, each in enumerate(op.outputs)
            if each.name in self.traced.gradients
        }
        # The steepest place, and one that chance picks, the same one each time.
        random = np.random.default_rng(zlib.crc32(op.name.encode()))
        other = tuple(int(random.integers(n)) for n in part.shape)
        places = list(dict.fromkeys([at, other]))
        found = nudge_op(op, values, gradients, same, part, places)
        return tuple(found), "" if found else "TensorFlow has no kernel to run it again"

    def _part(self, op: tf.Operation, tensor: tf.Tensor) -> np.ndarray | None:
        """What comes back to a tensor through one op."""
        if tensor.name not in self.traced.gradients:
            return None
        if (op.name, tensor.name) in self.traced.parts:
            return self.traced.parts[op.name, tensor.name]
        users = [
            each
            for each in dict.fromkeys(tensor.consumers())
            if each in self._own
            and (
                each.name in self.traced.through
                or any(y.name in self.traced.gradients for y in each.outputs)
            )
        ]
        return self.traced.gradients[tensor.name] if len(users) == 1 else None


def _steepest(part: np.ndarray) -> tuple[int, ...]:
    if not part.size:
        return ()
    found = np.unravel_index(int(np.argmax(np.abs(part.astype(np.float64)))), part.shape)
    return tuple(int(each) for each in found)


def _layer_of_ops(traced: Traced) -> dict[str, str]:
    """Op name to the path of its layer; those behind the model are left out."""
    root = next(each for each in traced.calls if not each.path)
    found: dict[str, str] = {op.name: "" for op in traced.ops[: root.stop]}
    ordered: list[Heard] = sorted(traced.calls, key=lambda each: each.depth)
    for call in ordered:
        for op in traced.ops[call.start : call.stop]:
            found[op.name] = call.path
    return found
