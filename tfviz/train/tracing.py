"""How often a step was traced, and which argument changed; an eager step is noticed.

A `tf.function` is traced again for every new shape, dtype or Python value, which costs seconds
each time and looks like a slow or leaking loop. A step that is not compiled at all runs 5 to 60
times slower and says nothing of it.
"""

from __future__ import annotations

import warnings
from typing import Any

import tensorflow as tf

# One for the ordinary batch and one for the smaller last one: both are expected.
EXPECTED = 2
EAGER_CALLS = 3

_eager_calls = 0


def notice_eager(certain: bool = False) -> None:
    """Count a step that runs eagerly; say so at the third, once a process.

    Args:
        certain: Whether it was asked for outright, so that there is nothing to wait for.
    """
    global _eager_calls
    _eager_calls += 1
    if certain:
        warnings.warn(
            "The model was compiled with run_eagerly=True, which fit obeys and which is 5 to 60 "
            "times slower; this trainer compiles its step all the same.",
            stacklevel=3,
        )
    elif _eager_calls == EAGER_CALLS:
        reason = (
            "tf.config.run_functions_eagerly(True) is on: take it away when you have looked"
            if tf.config.functions_run_eagerly()
            else "put @tf.function above the function that holds the tape, and give it tensors"
        )
        warnings.warn(
            f"This training step runs eagerly, operation by operation, which is 5 to 60 times "
            f"slower than compiled: {reason}.",
            stacklevel=4,
        )


class Traces:
    """The traces of one compiled step.

    Attributes:
        count: How many there were.
        changes: For each after the first, what differed from the one before.
    """

    def __init__(self) -> None:
        self.count = 0
        self.changes: list[str] = []
        self._last: list[tuple[str, str]] | None = None

    def note(self, batch: Any) -> None:
        """Called while tracing: remembers the arguments and names what changed."""
        now = describe(batch)
        if now == self._last:
            # TensorFlow traces a function that makes variables a second time, to the same graph.
            return
        self.count += 1
        if self._last is not None:
            self.changes.append(difference(self._last, now))
        self._last = now
        if self.count > EXPECTED:
            warnings.warn(
                f"The training step was compiled {self.count} times, which costs seconds each "
                f"time: {self.changes[-1]}. Give every batch the same shapes and dtypes (pad, or "
                f"batch(..., drop_remainder=True)), or declare the changing axis as None in the "
                f"dataset.",
                stacklevel=2,
            )


def describe(batch: Any) -> list[tuple[str, str]]:
    """Each part of a batch by its path, with dtype and shape."""
    found = []
    for path, leaf in _paths("batch", batch):
        if tf.is_tensor(leaf) or isinstance(leaf, (tf.TensorSpec, tf.RaggedTensorSpec)):
            found.append((path, f"{leaf.dtype.name} {leaf.shape}"))
        else:
            found.append((path, repr(leaf)))
    return found


def difference(before: list[tuple[str, str]], now: list[tuple[str, str]]) -> str:
    """In words, what changed between two descriptions of a batch."""
    old, new = dict(before), dict(now)
    parts = [
        f"{path} changed from {old[path]} to {new[path]}"
        for path in new
        if path in old and old[path] != new[path]
    ]
    parts += [f"{path} is new" for path in new if path not in old]
    parts += [f"{path} is gone" for path in old if path not in new]
    return "; ".join(parts) or "the same arguments, from another dataset"


def _paths(prefix: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [each for k in value for each in _paths(f"{prefix}[{k!r}]", value[k])]
    if isinstance(value, (list, tuple)):
        return [each for i, v in enumerate(value) for each in _paths(f"{prefix}[{i}]", v)]
    return [(prefix, value)]
