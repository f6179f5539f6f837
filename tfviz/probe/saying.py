"""The sentences of a report on values that aren't finite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.probe.passage import Bad, Event, look

NAMED = 5


def _kind(bad: Bad) -> str:
    return {"nan": "NaN", "inf": "infinity"}[bad.kind]


def _percent(share: float) -> str:
    return "all" if share == 1 else f"{max(100 * share, 0.01):.2g} %"


def _much(bad: Bad) -> str:
    return f"{_kind(bad)} in {_percent(bad.share)}"


def _range(event: Event | None) -> str:
    """Between which values the inputs of a layer lie."""
    if event is None:
        return ""
    arrays = [np.asarray(tf.cast(tf.math.real(t), tf.float64)).ravel() for t in event.tensors]
    values = np.concatenate(arrays) if arrays else np.zeros(0)
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    return f"its inputs lie between {values.min():.4g} and {values.max():.4g}"


def _narrow(event: Event, bad: Bad) -> str:
    if bad.kind == "inf" and any(each.dtype == tf.float16 for each in event.tensors):
        return " It computes in float16, which ends at 65504."
    return ""


def _weights(operation: Any) -> str:
    for each in getattr(operation, "weights", []):
        bad = look([tf.convert_to_tensor(each)])
        if bad is not None:
            return f" Its weight '{each.name}' already holds {_much(bad)} of its values."
    return ""


def _before(finite: Sequence[str]) -> str:
    if not finite:
        return " It is the first that was reached."
    named = ", ".join(f"'{each}'" for each in finite[-NAMED:])
    more = len(finite) - NAMED
    return f" Finite before it: {f'{more} layers, then ' if more > 0 else ''}{named}."


def forward_sentence(event: Event, entry: Event | None, finite: Sequence[str]) -> str:
    """A layer whose output isn't finite while its inputs are."""
    assert event.bad is not None
    given = _range(entry)
    return (
        f"The first value that is not finite comes out of layer '{event.path}' "
        f"({type(event.operation).__name__}): {_much(event.bad)} of its output"
        f"{f'; {given}' if given else ''}.{_narrow(event, event.bad)}{_weights(event.operation)}"
        f"{_before(finite)}"
    )


def cast_sentence(event: Event, finite: Sequence[str]) -> str:
    """A layer whose inputs don't fit into float16."""
    assert event.bad is not None
    return (
        f"The first value that is not finite goes into layer '{event.path}' "
        f"({type(event.operation).__name__}): {_much(event.bad)} of its input, which it casts to "
        f"float16, where numbers end at 65504. Scale what comes before it, or compute in "
        f"mixed_bfloat16.{_before(finite)}"
    )


def backward_sentence(event: Event, bad: Bad, weight: str, finite: Sequence[str]) -> str:
    """A layer that was reached by a finite gradient and made one that isn't."""
    what = f"the gradient by its weight '{weight}'" if weight else "the gradient by its input"
    given = _range(event)
    return (
        f"The forward pass is finite. On the way back the first gradient that is not finite comes "
        f"out of layer '{event.path}' ({type(event.operation).__name__}): {_much(bad)} of {what}"
        f"{f'; {given}' if given else ''}.{_narrow(event, bad)}{_before(finite)}"
    )


def between_sentence(
    event: Event, finite: Sequence[str], title: str, where: str, *, back: bool = False
) -> str:
    """An operation between layers, in the `call` of a model or of a layer that holds others."""
    what = "gradient" if back else "value"
    start = "The forward pass is finite. On the way back the" if back else "The"
    return (
        f"{start} first {what} that is not finite is made by an operation in the call of {title} "
        f"itself, {where}, and by none of the layers in it.{_before(finite)}"
    )


def loss_sentence(bad: Bad, path: str, *, back: bool = False) -> str:
    """Every layer is finite and the loss isn't, or its gradient by the model's outputs."""
    if path:
        return (
            f"Every layer's output is finite; what layer '{path}' adds to the loss (regularizer, "
            f"add_loss) is {_kind(bad)}."
        )
    if back:
        return (
            f"The loss itself is finite, but not its gradient by the model's outputs ({_much(bad)} "
            f"of it): look in the loss function for a square root, a norm or a power at 0, a "
            f"division, or a tf.where around one of them."
        )
    return (
        f"Every layer's output is finite; the loss function itself gives {_kind(bad)}: look in it "
        f"for the logarithm of 0 or of a negative number, and for a division by 0."
    )


def input_sentence(given: Sequence[tuple[str, Bad, list[int]]]) -> str:
    """The batch itself."""
    said = []
    for name, bad, samples in given:
        listed = ", ".join(map(str, samples[:NAMED]))
        more = f" and {len(samples) - NAMED} more" if len(samples) > NAMED else ""
        which = f", in sample{'s' if len(samples) > 1 else ''} {listed}{more}" if samples else ""
        said.append(f"{name} holds {_much(bad)} of its values{which}")
    return (
        f"The batch itself is not finite: {'; '.join(said)} (samples of this batch, counted from "
        f"0). Look at how these were made or read; tf.debugging.check_numerics in the data "
        f"pipeline finds the place."
    )


def norm_sentence(norm: float, largest: float, where: str) -> str:
    """Gradients that are finite, and too large for their norm to be."""
    return (
        f"All values and gradients are finite, but the norm of the gradients is {norm:.3g}, beyond "
        f"what its squares may be in float32. The largest gradient, {largest:.3g}, is that of "
        f"'{where}': lower the learning rate or clip single values."
    )


def unseen_sentence(event: Event | None) -> str:
    """The loss and its gradients are finite this time."""
    if event is not None and event.bad is not None:
        layers = (
            f"the loss and all gradients are finite, though layer '{event.path}' holds "
            f"{_much(event.bad)} of its values, which what follows takes away"
        )
    else:
        layers = "every layer, the loss and all gradients are finite"
    return (
        f"Run again on the same batch, one operation after the other, {layers}. It shows only in "
        f"the compiled step, where operations are fused, or it depends on chance that no seed of "
        f"the model governs (tf.random, numpy)."
    )
