"""One run of a model, eagerly, with the tensors that went into and came out of every layer.

Each call gets copies of its inputs, so that a gradient by such a copy is what came back through
this very call, also where several layers read the same tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.model.tap import passing
from tfviz.model.tree import walk


@dataclass(eq=False)
class Event:
    """A layer was entered, or left.

    Attributes:
        path: Of the layer in the model; '' for the model itself.
        operation: The layer.
        entered: True on the way in, with its inputs; False on the way out, with its outputs.
        tensors: Those of floating type.
        around: The path of the layer that called it; None where nothing heard did.
        bad: What isn't finite in them, None when everything is.
    """

    path: str
    operation: Any
    entered: bool
    tensors: list[tf.Tensor]
    around: str | None
    bad: Bad | None = None


@dataclass(frozen=True)
class Bad:
    """What isn't finite in some values.

    Attributes:
        kind: 'nan' where there is any, else 'inf'.
        share: Of all values, above 0 up to 1.
    """

    kind: str
    share: float


def look(tensors: Any) -> Bad | None:
    """Count the values that aren't finite.

    Args:
        tensors: Tensors or arrays; those that hold no floating-point numbers are passed over.
    """
    nans = wrong = total = 0
    for each in tensors:
        values = _numbers(each)
        if values is None:
            continue
        finite = np.isfinite(values)
        total += values.size
        if not finite.all():
            wrong += int(values.size - finite.sum())
            nans += int(np.isnan(values).sum())
    if not wrong:
        return None
    return Bad("nan" if nans else "inf", wrong / total)


def _numbers(value: Any) -> np.ndarray | None:
    if isinstance(value, tf.IndexedSlices):
        value = value.values
    if isinstance(value, tf.RaggedTensor):
        value = value.flat_values
    if isinstance(value, tf.SparseTensor):
        value = value.values
    if isinstance(value, tf.Tensor):
        if not (value.dtype.is_floating or value.dtype.is_complex):
            return None
        if value.dtype not in (tf.float64, tf.complex64, tf.complex128):
            value = tf.cast(value, tf.float32)  # bfloat16 and the 8-bit kinds are none of NumPy's
        return np.asarray(value.numpy())
    array = np.asarray(value)
    return array if array.dtype.kind in "fc" else None


class Passage:
    """Records the events of one run.

    Args:
        model: The model whose layers are heard.

    Attributes:
        events: In order.
        leaves: Paths of layers that hold no other layers.
    """

    def __init__(self, model: Any) -> None:
        nodes = walk(model)
        self.events: list[Event] = []
        self._paths = {id(node.operation): node.path for node in nodes}
        self._paths[id(model)] = ""
        self._heard = [model, *(node.operation for node in nodes)]
        self._stack: list[str] = []
        paths = list(self._paths.values())
        holding = {path.rsplit("/", 1)[0] for path in paths if "/" in path} | {""}
        self.leaves = {path for path in paths if path not in holding}
        self._tape: tf.GradientTape | None = None

    @contextmanager
    def recording(self, tape: tf.GradientTape) -> Iterator[None]:
        """Hear the layers inside the block; the tape records by every tensor that is heard."""
        self._tape = tape
        with passing(self._heard, self._enter, self._leave):
            yield

    def _enter(self, operation: Any, args: Any, kwargs: Any) -> Any:
        assert self._tape is not None
        path = self._paths[id(operation)]
        around = self._stack[-1] if self._stack else None
        self._stack.append(path)
        copies: list[tf.Tensor] = []

        def copy(value: Any) -> Any:
            if not _seen(value):
                return value
            own = tf.identity(value)
            # How Keras passes a mask on; read by attribute in all of Keras 3.
            mask = getattr(value, "_keras_mask", None)
            if mask is not None:
                own._keras_mask = mask
            self._tape.watch(own)  # type: ignore[union-attr]
            copies.append(own)
            return own

        args, kwargs = keras.tree.map_structure(copy, (args, kwargs))
        if copies:
            self.events.append(Event(path, operation, True, copies, around, look(copies)))
        return args, kwargs

    def _leave(self, operation: Any, args: Any, kwargs: Any, returned: Any) -> Any:
        assert self._tape is not None
        path = self._stack.pop()
        around = self._stack[-1] if self._stack else None
        given = [each for each in keras.tree.flatten(returned) if _seen(each)]
        for each in given:
            self._tape.watch(each)
        if given:
            self.events.append(Event(path, operation, False, given, around, look(given)))
        return returned


def _seen(value: Any) -> bool:
    return (
        isinstance(value, tf.Tensor)
        and not tf.is_symbolic_tensor(value)
        and (value.dtype.is_floating or value.dtype.is_complex)
    )


@contextmanager
def eagerly() -> Iterator[None]:
    """Run what is inside a `tf.function` too, one operation after the other."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
