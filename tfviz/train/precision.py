"""Mixed precision for the time of a block: computed in 16 bits, kept in 32.

The policy of every layer is set on the way in and put back on the way out, so a model that was
trained in mixed precision is the float32 model it was before, and is saved as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError, nearest
from tfviz.model.tree import walk

POLICIES = ("mixed_float16", "mixed_bfloat16")


def require_policy(precision: str | None) -> None:
    """Refuse a policy that isn't one of mixed precision.

    Raises:
        InputError: With the names of those that are.
    """
    if precision is not None and precision not in POLICIES:
        raise InputError(
            f"precision={precision!r} is unknown: it is None (the model's own) or one of "
            f"{', '.join(POLICIES)}.{nearest(str(precision), POLICIES)}"
        )


@contextmanager
def computing_in(model: Any, precision: str | None) -> Iterator[None]:
    """Compute in mixed precision inside the block.

    Layers that give the model's outputs stay in float32: a softmax in 16 bits loses small
    probabilities. So do layers whose policy is no plain float32 (quantised, or set by hand).

    Args:
        model: A `keras.Model`.
        precision: 'mixed_float16', 'mixed_bfloat16', or None, which changes nothing.
    """
    if precision is None:
        yield
        return
    last = _giving_outputs(model)
    before = [
        (each.operation, each.operation.dtype_policy)
        for each in walk(model)
        if isinstance(each.operation, keras.layers.Layer)
        and id(each.operation) not in last
        and each.operation.dtype_policy.name == "float32"
    ]
    policy = keras.DTypePolicy(precision)
    try:
        for layer, _ in before:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, own in before:
            layer.dtype_policy = own


def _giving_outputs(model: Any) -> set[int]:
    """Layers that make the model's outputs, with all that they consist of."""
    try:
        outputs = keras.tree.flatten(model.outputs or [])
    except AttributeError:  # a subclass knows of none
        return set()
    found: set[int] = set()
    for each in outputs:
        operation = each._keras_history.operation
        # An activation by itself is computed from what the layer before it gives.
        if type(operation) in (keras.layers.Activation, keras.layers.Softmax):
            found |= {
                id(made._keras_history.operation) for made in keras.tree.flatten(operation.input)
            }
        found.add(id(operation))
        if isinstance(operation, keras.Model):
            found |= _giving_outputs(operation)
        else:
            found |= {id(inner.operation) for inner in walk(operation)}
    return found


def scaling(optimizer: Any, precision: str | None) -> Any:
    """The optimizer, inside a `LossScaleOptimizer` where float16 needs one.

    Gradients below 6e-8 are 0 in float16; the loss is multiplied before the tape and the gradients
    are divided by the optimizer. bfloat16 has the range of float32 and needs none.
    """
    if precision == "mixed_float16" and not is_scaling(optimizer):
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def is_scaling(optimizer: Any) -> bool:
    """Whether the optimizer finds the loss scale by itself, and skips where it was too high."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def scale_of(optimizer: Any) -> tf.Tensor | None:
    """What the optimizer multiplies the loss with, in the graph; None when with nothing."""
    if is_scaling(optimizer) or getattr(optimizer, "loss_scale_factor", None) is not None:
        return tf.cast(optimizer.scale_loss(tf.ones(())), tf.float32)
    return None
