"""Gradients of a whole batch from micro-batches, one of which is in memory at a time.

The mean over the batch is Σᵢ wᵢ Lᵢ / Σᵢ wᵢ over its micro-batches, where wᵢ is what the mean Lᵢ was
divided by: the number of samples, of unmasked steps, or the sum of sample weights. So a smaller
last micro-batch and weighted samples come out as if the batch were in one piece. What looks at
several samples at once does not: BatchNormalization normalises each micro-batch by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfviz.train.batches import part_of, size_of
from tfviz.train.gradients import raw
from tfviz.train.objective import Forward


@dataclass(frozen=True, eq=False)
class Computed:
    """Loss and gradients of a batch.

    Attributes:
        loss: A scalar, unscaled.
        gradients: One for each variable, None where there is none, multiplied by the loss scale.
        logs: More scalars, by name.
    """

    loss: tf.Tensor
    gradients: list[Any]
    logs: dict[str, tf.Tensor]


def in_one(
    forward: Callable[..., Forward],
    batch: Any,
    variables: Sequence[Any],
    scale: tf.Tensor | None,
    done: Callable[[Any, Forward], None],
    check: Callable[[tf.GradientTape, tf.Tensor, list[Any]], None],
) -> Computed:
    """Gradients of a batch in one piece.

    Args:
        forward: Gives the loss of a batch.
        batch: The batch.
        variables: What is differentiated by.
        scale: What the loss is multiplied with before it is differentiated; None for nothing.
        done: Called with the batch and its forward pass, to measure it.
        check: Called with the tape, the loss and the gradients, to say what is missing.
    """
    found, gradients = _differentiated(forward, batch, variables, scale, None, check)
    done(batch, found)
    return Computed(found.loss, gradients, found.logs)


def in_parts(
    forward: Callable[..., Forward],
    batch: Any,
    variables: Sequence[Any],
    scale: tf.Tensor | None,
    done: Callable[[Any, Forward], None],
    check: Callable[[tf.GradientTape, tf.Tensor, list[Any]], None],
    *,
    size: int,
) -> Computed:
    """Gradients of a batch from micro-batches of `size` samples; the last may be smaller.

    The other arguments are those of `in_one`.
    """
    whole = size_of(batch)
    present: list[int] = []

    def one(start: tf.Tensor, total: tf.Tensor, *flat: Any) -> Any:
        stop = tf.minimum(start + size, total)
        part = part_of(tf.nest.pack_sequence_as(batch, flat), start, stop)
        share = tf.cast(stop - start, tf.float32) / tf.cast(total, tf.float32)
        found, gradients = _differentiated(forward, part, variables, scale, share, check)
        done(part, found)
        present[:] = [i for i, each in enumerate(gradients) if each is not None]
        # A sparse gradient doesn't say how large it is when dense; its variable does.
        dense = [
            tf.ensure_shape(tf.convert_to_tensor(gradients[i]), variables[i].shape) for i in present
        ]
        # Summed parts weigh 1 and are divided by nothing.
        weight = tf.ones(()) if found.weight is None else found.weight
        logs = {name: tf.cast(value, tf.float32) for name, value in found.logs.items()}
        sums = (dense, found.loss, logs)
        return tf.nest.map_structure(lambda each: each * tf.cast(weight, each.dtype), sums), (
            weight if found.weight is not None else tf.zeros(())
        )

    flat = tf.nest.flatten(batch)
    # Traced once, for its structure and for the body of the loop.
    compiled = tf.function(one, autograph=False)
    concrete = compiled.get_concrete_function(
        tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32), *flat
    )
    sums, _ = concrete.structured_outputs
    zeros = tf.nest.map_structure(lambda each: tf.zeros(each.shape, each.dtype), sums)

    def body(start: tf.Tensor, total: Any, weight: tf.Tensor) -> Any:
        part, part_weight = compiled(start, whole, *flat)
        total = tf.nest.map_structure(lambda a, b: a + b, total, part)
        return start + size, total, weight + part_weight

    _, total, weight = tf.while_loop(
        lambda start, *_: start < whole,
        body,
        (tf.zeros((), tf.int32), zeros, tf.zeros(())),
        # One at a time: that is what micro-batches are for.
        parallel_iterations=1,
    )
    divisor = tf.where(weight > 0, weight, tf.ones_like(weight))
    dense, loss, logs = tf.nest.map_structure(
        lambda each: each / tf.cast(divisor, each.dtype), total
    )
    gradients: list[Any] = [None] * len(variables)
    for i, each in zip(present, dense, strict=True):
        gradients[i] = each
    return Computed(loss, gradients, logs)


def _differentiated(
    forward: Callable[..., Forward],
    batch: Any,
    variables: Sequence[Any],
    scale: tf.Tensor | None,
    share: tf.Tensor | None,
    check: Callable[[tf.GradientTape, tf.Tensor, list[Any]], None],
) -> tuple[Forward, list[Any]]:
    raws = [raw(each) for each in variables]
    # Only what is asked for: by frozen layers nothing is differentiated.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(raws)
        found = forward(batch, share=share)
        loss = found.loss if scale is None else found.loss * tf.cast(scale, found.loss.dtype)
    gradients = tape.gradient(loss, raws)
    check(tape, found.loss, gradients)
    return found, gradients
