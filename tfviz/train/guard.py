"""The guard on loss and gradients: what happens inside the compiled step when one isn't finite.

    raise    the step changes nothing, the run of steps ends, and the trainer raises with a report
    skip     the step changes nothing, and the next batch is taken
    record   the step is made all the same, and noted

Everything stays on the device: the batch is latched in variables of any shape, so that nobody has
to fetch a number after every step to know that all is well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfviz.errors import InputError, nearest

POLICIES = ("raise", "skip", "record")


@dataclass(frozen=True, eq=False)
class Latched:
    """The first step since the last look whose loss or gradients weren't finite.

    Attributes:
        step: Its number, from 0.
        count: How many there were since the last look.
        loss: Its loss.
        norm: The global norm of its gradients.
        batch: What it was given.
        seeds: (variable, value) of each random seed as it was before that step.
    """

    step: int
    count: int
    loss: float
    norm: float
    batch: Any
    seeds: list[tuple[Any, Any]]


class Guard:
    """Latches the first bad batch and puts back what a forward pass has changed.

    Args:
        policy: 'raise', 'skip' or 'record'.
        changing: Variables that a forward pass changes by itself: statistics, seeds, metrics.
        seeds: Those among them that random layers draw from.

    Raises:
        InputError: When there is no such policy.
    """

    def __init__(self, policy: str, changing: Sequence[Any], seeds: Sequence[Any]) -> None:
        require_policy(policy)
        self.policy = policy
        self._changing = list(changing)
        self._seeds = list(seeds)
        self.step = tf.Variable(-1, dtype=tf.int64, trainable=False)
        self.count = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.loss = tf.Variable(0.0, trainable=False)
        self.norm = tf.Variable(0.0, trainable=False)
        self._kept_seeds = [
            tf.Variable(tf.zeros_like(each), trainable=False) for each in self._seeds
        ]
        self._batch: list[tf.Variable] = []
        self._structure: Any = None

    def before(self) -> list[tf.Tensor]:
        """Read what may have to be put back; in the graph, before the forward pass."""
        return [tf.convert_to_tensor(each) for each in self._changing]

    def close(
        self,
        batch: Any,
        step: tf.Tensor,
        loss: tf.Tensor,
        norm: tf.Tensor,
        before: Sequence[tf.Tensor],
    ) -> None:
        """The branch of a step that isn't finite; in the graph."""
        if self.policy != "record":
            for variable, value in zip(self._changing, before, strict=True):
                variable.assign(value)
        self.count.assign_add(1)
        kept = {id(v): value for v, value in zip(self._changing, before, strict=True)}
        latch = self._batch

        def fill() -> tf.Tensor:
            for variable, value in zip(latch, _components(batch), strict=True):
                variable.assign(value)
            for variable, seed in zip(self._kept_seeds, self._seeds, strict=True):
                variable.assign(kept[id(seed)])
            self.loss.assign(tf.cast(loss, tf.float32))
            self.norm.assign(norm)
            self.step.assign(step)
            return tf.constant(True)

        tf.cond(self.step < 0, fill, lambda: tf.constant(False))

    def look(self) -> Latched | None:
        """What was latched since the last look, on the host; the latch opens again."""
        if int(self.count) == 0:
            return None
        held = iter([tf.identity(each) for each in self._batch])
        parts = [None if each is None else next(held) for each in self._parts()]
        batch = tf.nest.pack_sequence_as(self._structure, parts, expand_composites=True)
        found = Latched(
            step=int(self.step),
            count=int(self.count),
            loss=float(self.loss),
            norm=float(self.norm),
            batch=batch,
            seeds=[(v, k.numpy()) for v, k in zip(self._seeds, self._kept_seeds, strict=True)],
        )
        self.open()
        return found

    def open(self) -> None:
        """Forget what was latched."""
        self.step.assign(-1)
        self.count.assign(0)
        for each in self._batch:
            each.assign(tf.zeros([0], each.dtype))

    def _parts(self) -> list[Any]:
        return tf.nest.flatten(self._structure, expand_composites=True)

    def prepare(self, spec: Any) -> None:
        """Make room for batches of this kind; before the step is traced.

        Args:
            spec: A `tf.TypeSpec` for each part of a batch.
        """
        self._structure = spec
        kinds = [each.dtype for each in self._parts() if each is not None]
        if [each.dtype for each in self._batch] == kinds:
            return
        self._batch = [
            tf.Variable(
                tf.constant("" if kind == tf.string else 0, kind),
                shape=tf.TensorShape(None),
                trainable=False,
            )
            for kind in kinds
        ]


def require_policy(policy: str) -> None:
    """Refuse a policy that doesn't exist.

    Raises:
        InputError: With those that do.
    """
    if policy not in POLICIES:
        raise InputError(
            f"on_nonfinite={policy!r} is unknown: it is one of {', '.join(POLICIES)}."
            f"{nearest(str(policy), POLICIES)}"
        )


def _components(batch: Any) -> list[tf.Tensor]:
    return [each for each in tf.nest.flatten(batch, expand_composites=True) if each is not None]
