"""Listening to layers while a model is called.

A layer of a Keras 3 model may sit in a nested model, a subclass, a custom layer or an un-built
Sequential, and its symbolic output, where it has one, belongs to another graph than the model's.
What always works is to be there when it runs: `call` of the *instance* is replaced while the model
is traced, what it returns is kept, and `call` is put back. Nothing is cloned, no graph is cut.

    with listening(operations) as calls:
        outputs = model(inputs, training=False)

In the same way a layer can be made to return something else, which runs the model from there on.

    with replacing(layer, {0: tensor}):
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import LayerError

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
    calls: list[Call] = []

    def hear(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], returned: Any) -> Any:
        calls.append(Call(operation, _tensors((args, kwargs)), _tensors(returned)))
        return returned

    listened = list(operations)
    with TRACING, losses_kept(listened), _passed_through(listened, hear):
        yield calls


@contextmanager
def replacing(operation: Any, given: Mapping[int, tf.Tensor]) -> Iterator[None]:
    """Let calls of a layer return given tensors inside the block, in place of what they compute.

    What the layer and all before it compute is then used by nobody, and a graph runs only what is
    used: the block traces what comes *behind* the layer. A connection that leads around the layer
    belongs to that too and goes on being computed from the model's inputs.

    Args:
        operation: A layer or operation.
        given: What to return, by the number of the call, counting those that return a
            floating-point tensor. Takes the place of the first such tensor, in its type.

    Raises:
        LayerError: When the layer was called less often than that.
    """
    number = -1

    def replace(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], own: Any) -> Any:
        nonlocal number
        flat = keras.tree.flatten(own)
        first = next((i for i, each in enumerate(flat) if _floating(each)), None)
        if first is None:
            return own
        number += 1
        if number in given:
            tensor = tf.cast(given[number], flat[first].dtype)
            # What comes behind may rely on sizes being known while it is traced.
            tensor.set_shape([None, *flat[first].shape[1:]])
            flat[first] = tensor
        return keras.tree.pack_sequence_as(own, flat)

    with TRACING, _passed_through([operation], replace):
        yield
    if given and number < max(given):
        raise LayerError(
            f"Layer '{operation.name}' was called {number + 1} times where it was called "
            f"{max(given) + 1} times before: the model does not run the same way twice."
        )


def _floating(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and bool(value.dtype.is_floating)


@contextmanager
def passing(
    operations: Iterable[Any],
    entered: Callable[[Any, tuple[Any, ...], dict[str, Any]], tuple[Any, Any]],
    left: Callable[[Any, tuple[Any, ...], dict[str, Any], Any], Any],
) -> Iterator[None]:
    """Hand every call's arguments and what it returns through two functions inside the block.

    Args:
        operations: Layers and operations; each instance once.
        entered: `f(operation, args, kwargs)`, returns the arguments to call with.
        left: `f(operation, args, kwargs, returned)`, returns what the call shall return.
    """
    listened = list(operations)
    with TRACING, losses_kept(listened), _passed_through(listened, left, entered):
        yield


@contextmanager
def _passed_through(
    operations: Iterable[Any],
    seen: Callable[[Any, tuple[Any, ...], dict[str, Any], Any], Any],
    entered: Callable[[Any, tuple[Any, ...], dict[str, Any]], tuple[Any, Any]] | None = None,
) -> Iterator[None]:
    """Hand what each call of this thread returns to `seen`, and return what that makes of it."""
    thread = threading.get_ident()

    def wrap(operation: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        # With the signature of the original: layers around may look at it to decide what to pass.
        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != thread:
                return original(*args, **kwargs)
            if entered is not None:
                args, kwargs = entered(operation, args, kwargs)
            return seen(operation, args, kwargs, original(*args, **kwargs))

        return call

    missing = object()
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for operation in operations:
            quantised = getattr(operation, "quantization_mode", None) is not None
            name = "quantized_call" if quantised else "call"
            attributes = operation.__dict__
            wrapped = wrap(operation, getattr(operation, name))
            before.append((attributes, name, attributes.get(name, missing)))
            attributes[name] = wrapped
        yield
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
