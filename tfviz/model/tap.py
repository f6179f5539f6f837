"""Listening to layers while a model is called.

A layer of a Keras 3 model may sit in a nested model, a subclass, a custom layer or an un-built
Sequential, and its symbolic output, where it has one, belongs to another graph than the model's.
What always works is to be there when it runs: `call` of the *instance* is replaced while the model
is traced, what it returns is kept, and `call` is put back. Nothing is cloned, no graph is cut.

    with listening(operations) as calls:
        outputs = model(inputs, training=False)

Conditions, each of which was seen to break a simpler version:

- Tracing is done by one thread at a time (`TRACING`), and a call from another thread, which may run
  the same model at that moment, is passed through unheard.
- The attribute is written to and removed from the instance's `__dict__`, so Keras's own tracking
  of attributes never sees it.
- A layer called several times is heard several times, in order.
- Keras runs a quantised layer by `quantized_call` in place of `call`.
- A layer's `add_loss` and activity regularizers leave symbolic losses behind; they are taken away.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

# Held while a model is traced: for as long, its layers carry wrappers.
TRACING = threading.RLock()


@dataclass(frozen=True, eq=False)
class Call:
    """One call of one layer, as heard.

    Attributes:
        operation: The layer or operation.
        inputs: All tensors among its arguments.
        outputs: All tensors it returned.
    """

    operation: Any
    inputs: tuple[tf.Tensor, ...]
    outputs: tuple[tf.Tensor, ...]


def _tensors(structure: Any) -> tuple[tf.Tensor, ...]:
    # Not variables, which a stateful layer is given as its state.
    return tuple(each for each in keras.tree.flatten(structure) if isinstance(each, tf.Tensor))


@contextmanager
def listening(operations: Iterable[Any]) -> Iterator[list[Call]]:
    """Hear every call of these layers and operations inside the block, in order of completion.

    Args:
        operations: Layers or operations; each instance once.

    Yields:
        A list that grows while the model is called.
    """
    thread = threading.get_ident()
    calls: list[Call] = []

    def wrap(operation: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        # With the signature of the original: layers around may look at it to decide what to pass.
        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            returned = original(*args, **kwargs)
            if threading.get_ident() == thread:
                inputs, outputs = _tensors((args, kwargs)), _tensors(returned)
                calls.append(Call(operation, inputs, outputs))
            return returned

        return call

    missing = object()
    before: list[tuple[dict[str, Any], str, Any]] = []
    listened = list(operations)
    with TRACING, losses_kept(listened):
        try:
            for operation in listened:
                quantised = getattr(operation, "quantization_mode", None) is not None
                name = "quantized_call" if quantised else "call"
                attributes = operation.__dict__
                wrapped = wrap(operation, getattr(operation, name))
                before.append((attributes, name, attributes.get(name, missing)))
                attributes[name] = wrapped
            yield calls
        finally:
            for attributes, name, own in reversed(before):
                if own is missing:
                    attributes.pop(name, None)
                else:
                    attributes[name] = own


@contextmanager
def losses_kept(operations: Iterable[Any]) -> Iterator[None]:
    """Leave `layer.losses` as they were.

    Keras keeps them in `_losses` and `_loss_ids`, which are private; seen in Keras 3.12 to 3.15.
    """
    kept = [
        (losses, list(losses), ids, set(ids))
        for losses, ids in (
            (getattr(each, "_losses", None), getattr(each, "_loss_ids", None))
            for each in operations
        )
        if isinstance(losses, list) and isinstance(ids, set)
    ]
    try:
        yield
    finally:
        for losses, old_losses, ids, old_ids in kept:
            losses[:] = old_losses
            ids.clear()
            ids.update(old_ids)
