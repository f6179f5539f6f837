"""`tape.gradient` that names what has no gradient, and why."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.missing import obstacle
from tfviz.errors import GradientError
from tfviz.train.tracing import notice_eager

# So many variables are named; of a whole unused branch the rest would say no more.
NAMED = 6


def checked_gradients(
    tape: tf.GradientTape, loss: Any, variables: Sequence[Any], *, none: str = "raise"
) -> list[Any]:
    """Gradients of a loss by variables; where one is None, an error that says which and why.

        with tf.GradientTape() as tape:
            loss = ...
        gradients = tfviz.checked_gradients(tape, loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    Args:
        tape: The tape under which the loss was computed.
        loss: A scalar tensor.
        variables: `model.trainable_variables`.
        none: What to do where there is no gradient: 'raise', 'warn', or 'keep' in silence.

    Returns:
        A gradient for each variable.

    Raises:
        GradientError: When a gradient is None, or the loss is no tensor.
    """
    if none not in ("raise", "warn", "keep"):
        raise GradientError(f"none={none!r} is unknown: it is one of raise, warn, keep.")
    if not tf.is_tensor(loss):
        raise GradientError(
            f"loss= is {type(loss).__name__}, not a tensor: on the way its value left TensorFlow, "
            f"by NumPy, .numpy() or float(), which no gradient follows. Keep the tensor for the "
            f"tape and turn it into a number only to print it."
        )
    by = list(variables)
    if not by:
        raise GradientError(
            "variables= is empty: a model that is not built yet has no variables (call it once on "
            "a batch before the loop), and one that is frozen has none to train (layer.trainable)."
        )
    if tf.executing_eagerly():
        notice_eager()
    found = tape.gradient(loss, [raw(each) for each in by])
    missing = [v for v, gradient in zip(by, found, strict=True) if gradient is None]
    if missing and none != "keep":
        sentence = why_none(missing, by, loss)
        if none == "raise":
            raise GradientError(sentence)
        warnings.warn(sentence, stacklevel=2)
    return found


def raw(variable: Any) -> Any:
    """The `tf.Variable` of a Keras variable."""
    return variable.value if isinstance(variable, keras.Variable) else variable


def why_none(missing: Sequence[Any], variables: Sequence[Any], loss: tf.Tensor) -> str:
    """Names the variables without a gradient, and for each group of one reason the reason."""
    by_reason: dict[str, list[str]] = {}
    for each in missing:
        by_reason.setdefault(_reason(each, loss), []).append(getattr(each, "path", each.name))
    count = (
        "All gradients are None"
        if len(missing) == len(variables)
        else f"{len(missing)} of {len(variables)} gradients are None"
    )
    parts = []
    for reason, names in by_reason.items():
        named = ", ".join(f"'{name}'" for name in names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        parts.append(f"{named}{more}: {reason}")
    return f"{count}. {'. '.join(parts)}. (tfviz doctor show autodiff.tape_gradient_none)"


def _reason(variable: Any, loss: tf.Tensor) -> str:
    if not getattr(variable, "trainable", True):
        return "not trainable, so the tape does not watch it (layer.trainable = False)"
    if not tf.as_dtype(variable.dtype).is_floating:
        return (
            f"of dtype {tf.as_dtype(variable.dtype).name}, by which nothing can be differentiated"
        )
    if hasattr(loss, "graph") and not tf.executing_eagerly():
        handle = raw(variable).handle
        captured = _captured(loss.graph, handle)
        found = None if captured is None else obstacle(captured, loss)
        if found is not None:
            return f"{found}; compute the loss from what stands before that"
        return "the loss is not computed from it"
    return (
        "the loss is not computed from it inside the tape, or by way of NumPy, .numpy() or an "
        "operation without derivative (argmax, rounding, cast to an integer)"
    )


def _captured(graph: Any, handle: tf.Tensor) -> tf.Tensor | None:
    """The placeholder by which a graph knows a variable."""
    for outer, inner in getattr(graph, "captures", ()):
        if outer is handle:
            return inner
    return None
