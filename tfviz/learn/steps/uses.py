"""What comes back to a tensor through each of the ops that use it, inside the traced graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf


def through_lists(graded: set[str], ops: Sequence[tf.Operation]) -> frozenset[str]:
    """Ops between two that have gradients, whose own outputs are lists: the loops, above all.

    Args:
        graded: Names of the tensors that have a gradient.
        ops: All ops in the order they were made.
    """
    found: set[str] = set()
    own = set(ops)
    for op in reversed(ops):
        lists = [each for each in op.outputs if each.dtype == tf.variant]
        users = [each for tensor in lists for each in tensor.consumers() if each in own]
        reached = {y.name for each in users for y in each.outputs} & graded
        # A list that is only reserved holds nothing that came from anywhere.
        if (reached or any(each.name in found for each in users)) and "Reserve" not in op.type:
            found.add(op.name)
    return frozenset(found)


@dataclass
class _Group:
    """Ops of which none uses what another makes, each asked about tensors that only it uses."""

    ops: dict[str, tf.Operation] = field(default_factory=dict)
    asked: dict[str, tuple[str, tf.Tensor]] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    used: dict[str, set[str]] = field(default_factory=dict)

    def takes(self, op: tf.Operation, tensor: tf.Tensor) -> bool:
        """Whether this op can be asked about this tensor in one breath with the others."""
        inputs, outputs = {each.name for each in op.inputs}, {each.name for each in op.outputs}
        alone = self.used.get(tensor.name, set()) <= {op.name}
        strangers = any(self.asked[n][0] != op.name for n in inputs if n in self.asked)
        return alone and not strangers and not (inputs & self.made or outputs & set(self.used))

    def add(self, op: tf.Operation, tensor: tf.Tensor) -> None:
        """Take it in."""
        self.ops[op.name] = op
        self.asked[tensor.name] = (op.name, tensor)
        self.made |= {each.name for each in op.outputs}
        for each in op.inputs:
            self.used.setdefault(each.name, set()).add(op.name)


def parts_of_uses(
    gradients: Mapping[str, Any], ops: Sequence[tf.Operation], through: frozenset[str]
) -> list[tuple[str, str, tf.Tensor]]:
    """For tensors with several uses, the gradient that comes through each; by TensorFlow's rules.

    `tf.gradients` walks over the whole graph each time it is asked, so that ops which have nothing
    to do with each other are asked about together.

    Args:
        gradients: Tensor name to the gradient of the loss.
        ops: All ops of the step.
        through: Of `through_lists`.

    Returns:
        (op name, tensor name, part) for each use.
    """
    own = set(ops)
    groups: list[_Group] = []
    hidden: dict[str, tuple[str, list[str]]] = {}
    for tensor in (each for op in ops for each in op.outputs if each.name in gradients):
        every = list(dict.fromkeys(each for each in tensor.consumers() if each in own))
        users = [each for each in every if any(y.name in gradients for y in each.outputs)]
        lists = [each for each in every if each.name in through and each not in users]
        if len(users) + len(lists) < 2 or len(lists) > 1:
            continue
        if lists:
            hidden[tensor.name] = (lists[0].name, [each.name for each in users])
        for user in users:
            group = next((each for each in groups if each.takes(user, tensor)), None)
            if group is None:
                group = _Group()
                groups.append(group)
            group.add(user, tensor)
    found = {
        (op, tensor.name): part for group in groups for op, tensor, part in _asked(group, gradients)
    }
    for name, (loop, others) in hidden.items():
        # Through a loop comes the rest: what comes to its lists can't be asked for.
        rest = tf.convert_to_tensor(gradients[name])
        for each in others:
            if (each, name) in found:
                rest = rest - tf.convert_to_tensor(found[each, name])
        found[loop, name] = rest
    return [(op, tensor, part) for (op, tensor), part in found.items()]


def _asked(group: _Group, gradients: Mapping[str, Any]) -> list[tuple[str, tf.Tensor, tf.Tensor]]:
    outputs = [y for op in group.ops.values() for y in op.outputs if y.name in gradients]
    asked = list(group.asked.values())
    parts = tf.gradients(
        outputs,
        [tensor for _, tensor in asked],
        [gradients[y.name] for y in outputs],
        # Each op by itself: its inputs are where the walk ends.
        stop_gradients=[each for op in group.ops.values() for each in op.inputs],
        unconnected_gradients="none",
    )
    pairs = zip(asked, parts, strict=True)
    return [(op, tensor, part) for (op, tensor), part in pairs if part is not None]
