"""ReLUs whose gradient can be replaced, wherever they stand in a model.

A tape ignores gradient overrides, and a ReLU may be a layer, the `activation=` of another, an
operation, or part of a nested model. In a graph all of them are operations, and `tf.gradients`
heeds what `tf.Graph.gradient_override_map` said when they were made:

    with heeding():
        outputs = model(inputs)
    with ruled(GUIDED):
        gradients = tf.gradients(score, inputs)

Without a rule the gradient is the ordinary one, so one call of a model serves both kinds.

Besides `Relu` and `Relu6` a ReLU may be a maximum with zero, or with a threshold a selection or a
product. Leaky ReLUs, also those made of two ReLUs, and hard sigmoids are none and stay as they are.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from tfviz.model.logits import upstream

if TYPE_CHECKING:
    from tfviz.explain.scene import Scene


@dataclass(frozen=True)
class Rule:
    """What becomes of a gradient at a ReLU.

    Attributes:
        forward: It passes only where the ReLU was active, as the ordinary gradient does.
        backward: It passes only where it is positive itself.
    """

    forward: bool
    backward: bool


PLAIN = Rule(forward=True, backward=False)
GUIDED = Rule(forward=True, backward=True)
DECONVNET = Rule(forward=False, backward=True)

_rule: ContextVar[Rule] = ContextVar("rule", default=PLAIN)
# Registering is for the whole process and once a name; this module may be loaded anew, as by
# `importlib.reload`, and each of its lives must find its own rule.
_NAME = f"TfvizReLU{uuid.uuid4().hex}"
_TYPES = ("Relu", "Relu6", "Maximum", "SelectV2", "Mul")
_THROUGH = {
    "Mul", "Neg", "Minimum", "Maximum", "Identity", "Cast", "RealDiv", "Expm1", "SelectV2",
}  # fmt: skip
_SUMS = {"AddV2", "Add", "Sub"}
_CALLS = {"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile"}
# What bends a signal and is no ReLU, in the words of those who use it.
OTHERS = {
    "LeakyRelu": "a leaky ReLU",
    "Elu": "ELU",
    "Selu": "SELU",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sigmoid": "a sigmoid",
    "Tanh": "tanh",
    "Erf": "GELU",
    "Erfc": "GELU",
    "IdentityN": "SiLU or another with a gradient of its own",
}
_FARTHEST = 6


@contextlib.contextmanager
def heeding() -> Iterator[None]:
    """ReLUs that are made in the block, in the graph that is being traced, heed rules."""
    graph = tf.compat.v1.get_default_graph()
    with graph.gradient_override_map(dict.fromkeys(_TYPES, _NAME)):
        yield


@contextlib.contextmanager
def ruled(rule: Rule) -> Iterator[None]:
    """Gradients that are taken in the block follow a rule."""
    token = _rule.set(rule)
    try:
        yield
    finally:
        _rule.reset(token)


def relus_of(scene: Scene) -> list[tf.Operation]:
    """All ReLUs that the score depends on."""
    return [each for each in _needed(scene) if _input_of(each) is not None]


def others_of(scene: Scene) -> list[str]:
    """Kinds of what else bends the signal and keeps its ordinary gradient, in words."""
    kinds = []
    for operation in _needed(scene):
        if operation.type in OTHERS:
            kinds.append(OTHERS[operation.type])
        elif operation.type in ("Relu", "Relu6") and _input_of(operation) is None:
            kinds.append("a leaky ReLU" if operation.type == "Relu" else "a hard sigmoid")
    return list(dict.fromkeys(kinds))


def why_without(scene: Scene) -> str:
    """Why the ReLUs of a model can't be given another gradient; '' when they can."""
    closed = _closed(scene)
    if closed:
        return f"some of its ReLUs lie inside the closed function of '{closed}'"
    if not relus_of(scene):
        other = others_of(scene)
        return "this model has none" + (f" (but {', '.join(other)})" if other else "")
    return ""


def _needed(scene: Scene) -> list[tf.Operation]:
    names = upstream(scene.score)
    return [each for each in scene.score.graph.get_operations() if each.name in names]


def _closed(scene: Scene) -> str:
    """A call of a function with ReLUs inside, which overrides don't reach; '' without any."""
    calls = [each for each in _needed(scene) if each.type in _CALLS]
    if not calls:
        return ""
    inside = {
        function.signature.name
        for function in calls[0].graph.as_graph_def().library.function
        if any(node.op in ("Relu", "Relu6") for node in function.node_def)
    }
    for call in calls:
        name = call.get_attr("f" if call.type.endswith("Call") else "body").name
        if name in inside:
            return call.name
    return ""


@tf.RegisterGradient(_NAME)
def _gradient(operation: tf.Operation, *gradients: tf.Tensor) -> Any:
    """What a rule makes of the gradient of a ReLU, and the ordinary one of anything else."""
    gradient, rule = gradients[0], _rule.get()
    x = _input_of(operation) if rule.backward else None
    if x is None:
        return _own(operation, gradient)
    passed = tf.nn.relu(gradient)
    if rule.forward and operation.type in ("Relu", "Relu6"):
        return _own(operation, passed)
    if rule.forward:
        passed = tf.where(operation.outputs[0] > 0, passed, tf.zeros_like(passed))
    elif operation.type == "Relu6":
        # What is cut off above is no ReLU's doing: relu6(x) = min(relu(x), 6).
        passed = tf.where(x < 6, passed, tf.zeros_like(passed))
    return [passed if each is x else None for each in operation.inputs]


def _own(operation: tf.Operation, gradient: tf.Tensor) -> Any:
    """The ordinary gradient of an operation."""
    y = operation.outputs[0]
    if operation.type == "Relu":
        return tf.raw_ops.ReluGrad(gradients=gradient, features=y)
    if operation.type == "Relu6":
        return tf.raw_ops.Relu6Grad(gradients=gradient, features=y)
    inputs = list(operation.inputs)
    if operation.type == "SelectV2":
        again = tf.raw_ops.SelectV2(condition=inputs[0], t=inputs[1], e=inputs[2])
    else:
        again = getattr(tf.raw_ops, operation.type)(x=inputs[0], y=inputs[1])
    # One that was made outside of `heeding` has the gradient that TensorFlow knows.
    floating = [each for each in inputs if each.dtype.is_floating or each.dtype.is_complex]
    found = tf.gradients(again, floating, grad_ys=gradient, stop_gradients=floating)
    by_input = dict(zip((each.ref() for each in floating), found, strict=True))
    made = [by_input.get(each.ref()) for each in inputs]
    if len(floating) == 2 and floating[0] is floating[1]:
        # x * x: both places are the same tensor, and TensorFlow gave the sum of both.
        made = [None if each is None else each / 2 for each in made]
    return made


def _input_of(operation: tf.Operation) -> tf.Tensor | None:
    """What a ReLU is taken of, None where an operation is no ReLU."""
    x = _relu_like(operation)
    if x is None or _is_leaky(operation, x) or _cut_before(operation):
        return None
    return None if operation.type == "Relu6" and _is_hard_sigmoid(operation) else x


def _relu_like(operation: tf.Operation) -> tf.Tensor | None:
    kind, inputs = operation.type, list(operation.inputs)
    if kind in ("Relu", "Relu6"):
        return inputs[0]
    if kind == "Maximum":
        return next((a for a, b in (inputs, inputs[::-1]) if _static(b) == 0), None)
    if kind == "SelectV2":
        # where(x > threshold, x, 0)
        condition, x, otherwise = inputs
        return x if _static(otherwise) == 0 and _exceeds(condition, x) else None
    if kind == "Mul":
        # x * cast(x > threshold)
        for x, other in (inputs, inputs[::-1]):
            if other.op.type == "Cast" and _exceeds(other.op.inputs[0], x):
                return x
    return None


def _cut_before(operation: tf.Operation) -> bool:
    """Whether this is the floor of a clip whose ceiling a ReLU stands before: it does nothing."""
    if operation.type != "Maximum":
        return False
    ceiling = operation.inputs[0].op
    below = ceiling.type == "Minimum" and any(_static(each) is not None for each in ceiling.inputs)
    return below and any(_relu_like(each.op) is not None for each in ceiling.inputs)


def _exceeds(condition: tf.Tensor, x: tf.Tensor) -> bool:
    made = condition.op
    return (
        made.type in ("Greater", "GreaterEqual")
        and made.inputs[0] is x
        and _static(made.inputs[1]) is not None
    )


def _static(tensor: tf.Tensor) -> float | None:
    """The value of a constant number, None of anything else."""
    if tensor.shape.rank != 0 or not tensor.dtype.is_floating:
        return None
    value = tf.get_static_value(tensor)
    if value is None and tensor.op.type == "Cast":
        value = tf.get_static_value(tensor.op.inputs[0])
    return None if value is None else float(value)


def _is_hard_sigmoid(operation: tf.Operation) -> bool:
    """relu6(x + 3) / 6, which gates something rather than cutting it off."""
    shifted = operation.inputs[0].op
    return shifted.type in _SUMS and any(_static(each) is not None for each in shifted.inputs) and (
        any(
            each.type in ("Mul", "RealDiv") and any(_static(one) for one in each.inputs)
            for each in operation.outputs[0].consumers()
        )
    )  # fmt: skip


def _is_leaky(operation: tf.Operation, x: tf.Tensor) -> bool:
    """Whether this is one of two halves, relu(x) and relu(-x) or min(x, 0), added in the end."""
    source = x
    while source.op.type == "Neg" or (
        source.op.type in _SUMS and any(_static(each) is not None for each in source.op.inputs)
    ):
        if source.op.type == "Neg":
            source = source.op.inputs[0]
        else:
            source = next(each for each in source.op.inputs if _static(each) is None)
    halves = [
        each
        for each in _reached(source, {"Neg", *_SUMS})
        if _relu_like(each) is not None
        or (each.type == "Minimum" and any(_static(one) == 0 for one in each.inputs))
    ]
    own = {each.name for each in _reached(operation.outputs[0], _THROUGH) if each.type in _SUMS}
    return any(
        other.name != operation.name
        and _opposite(other, operation)
        and any(
            each.type in _SUMS and each.name in own for each in _reached(other.outputs[0], _THROUGH)
        )
        for other in halves
    )


def _opposite(one: tf.Operation, other: tf.Operation) -> bool:
    return _looks_down(one) != _looks_down(other)


def _looks_down(operation: tf.Operation) -> bool:
    """Whether a half keeps what is below zero."""
    if operation.type == "Minimum":
        return True
    x = _relu_like(operation)
    down = False
    while x is not None and (x.op.type == "Neg" or x.op.type in _SUMS):
        down ^= x.op.type == "Neg"
        x = next((each for each in x.op.inputs if _static(each) is None), None)
    return down


def _reached(tensor: tf.Tensor, through: set[str]) -> list[tf.Operation]:
    """What reads a tensor, also behind a few operations of some kinds."""
    found, waiting = [], [(tensor, 0)]
    seen: set[str] = set()
    while waiting:
        current, depth = waiting.pop()
        for each in current.consumers():
            if each.name in seen:
                continue
            seen.add(each.name)
            found.append(each)
            if each.type in through and depth < _FARTHEST:
                waiting += [(output, depth + 1) for output in each.outputs]
    return found
