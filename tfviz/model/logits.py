"""The score before the softmax or sigmoid, found in the traced graph.

A saturated softmax has a gradient of about 0: the map would be blank exactly where the model is
sure. Taking the activation off the last layer changes the user's model, and rebuilding it fails on
subclasses. In the graph of the traced call the way back is short: from the output through
operations that only rename or reshape, to a Softmax or Sigmoid, whose input is the logit.
"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

# The activations whose input is the score that the model really compares.
ACTIVATIONS = {"Softmax": "softmax", "LogSoftmax": "log-softmax", "Sigmoid": "sigmoid"}
_RENAMING = {"Identity", "IdentityN", "Cast"}
_RESHAPING = {"Reshape", "Squeeze", "ExpandDims"}


@dataclass(frozen=True)
class Logits:
    """The score that one output of a model is made of.

    Attributes:
        tensor: Shaped like the output, before its last activation.
        activation: 'softmax', 'log-softmax', 'sigmoid', or None when the output ends in none.
        passed: Names of all tensors from the output back to the logit, both included.
        class_axis: Which axis the classes are on, where a softmax tells; None otherwise.
        squashed: What made a probability of the output further up, where no logit can be taken;
            '' when nothing did.
    """

    tensor: tf.Tensor
    activation: str | None
    passed: frozenset[str]
    class_axis: int | None = None
    squashed: str = ""

    @property
    def how(self) -> str:
        """How the score was obtained, in words."""
        if self.activation is not None:
            return f"the logit: the input of the final {self.activation}"
        if self.squashed:
            return (
                f"the model's output as it is: {self.squashed}, where the logit can't be taken; "
                f"its gradient vanishes where the model is sure"
            )
        return "the model's output as it is: it ends in no softmax or sigmoid"


def find_logits(output: tf.Tensor) -> Logits:
    """Walk back from a symbolic output to the input of its final softmax or sigmoid.

    Args:
        output: A tensor of a graph that is being traced.

    Returns:
        The logits, or the output itself when no such activation is near.
    """
    passed = [output.name]
    # What was passed, as (kind, the shape or order it gave), to be done again to the logit.
    replay: list[tuple[str, tf.Tensor]] = []
    tensor = output
    while True:
        operation = tensor.op
        kind = operation.type
        if kind in ACTIVATIONS:
            logit = operation.inputs[0]
            passed.append(logit.name)
            axis = None if kind == "Sigmoid" else logit.shape.rank
            axis = axis and axis - 1
            for step, how in reversed(replay):
                if step == "reshape":
                    logit, axis = tf.reshape(logit, how), None
                else:
                    before = logit
                    logit = tf.transpose(logit, how)
                    axis = _moved(axis, how, before.shape, logit.shape)
            return Logits(logit, ACTIVATIONS[kind], frozenset(passed), axis)
        if kind in _RENAMING:
            tensor = operation.inputs[tensor.value_index if kind == "IdentityN" else 0]
        elif kind in _RESHAPING:
            replay.append(("reshape", tf.shape(tensor)))
            tensor = operation.inputs[0]
        elif kind == "Transpose":
            replay.append(("transpose", operation.inputs[1]))
            tensor = operation.inputs[0]
        else:
            return Logits(output, None, frozenset(passed[:1]), squashed=_squashed(output))
        passed.append(tensor.name)


# Operations through which a probability stays one, or nearly: averages of models, clipping.
_MIXING = {
    "AddV2", "Add", "AddN", "Mul", "RealDiv", "Div", "Sub", "ConcatV2", "Pack", "Mean", "Minimum",
    "Maximum", "ClipByValue", "StridedSlice", "Sum", "Log",
}  # fmt: skip
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
FARTHEST_MIXING = 40


def _squashed(output: tf.Tensor) -> str:
    """What made a probability of an output that ends in no softmax or sigmoid itself."""
    waiting, seen = [output.op], {output.op.name}
    while waiting and len(seen) < FARTHEST_MIXING:
        operation = waiting.pop(0)
        if operation.type in ACTIVATIONS:
            return f"made of a {ACTIVATIONS[operation.type]} further up"
        if operation.type in _CALLS:
            return "made inside a tf.function of the model's own, whose graph is closed"
        if operation.type not in _MIXING | _RENAMING | _RESHAPING | {"Transpose"}:
            continue
        for each in operation.inputs:
            if each.op.name not in seen:
                seen.add(each.op.name)
                waiting.append(each.op)
    return ""


def _moved(
    axis: int | None, order: tf.Tensor, before: tf.TensorShape, after: tf.TensorShape
) -> int | None:
    """Where an axis stands after a transposition; None when that isn't known while tracing."""
    if axis is None:
        return None
    known = tf.get_static_value(order)
    if known is not None:
        return list(known).index(axis)
    # The order may be computed, but the sizes tell where the classes went.
    fitting = [i for i, size in enumerate(after) if i and size is not None and size == before[axis]]
    return fitting[0] if len(fitting) == 1 else None


def upstream(tensor: tf.Tensor) -> frozenset[str]:
    """Names of all operations of the same graph that a tensor depends on, its own included."""
    seen: set[str] = set()
    waiting = [tensor.op]
    while waiting:
        operation = waiting.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        waiting.extend(each.op for each in operation.inputs)
    return frozenset(seen)
