"""A training step as a graph of ops, run once with every value and every gradient returned.

The model's variables are handed in as arguments (`keras.StatelessScope`): nothing that the step
would change is changed, neither weights nor moving statistics nor the seeds of dropout.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import GradientError, InputError
from tfviz.learn.steps.uses import parts_of_uses, through_lists
from tfviz.model.tap import passing
from tfviz.model.tree import walk

# Of all values and gradients together; beyond that a laptop has other things to do.
MOST_NUMBERS = 150_000_000


@dataclass(frozen=True)
class Heard:
    """One call of a layer: which ops it made, and the tensors that it returned.

    Attributes:
        path: Of the layer from the model down; '' for the model itself.
        kind: Its class.
        number: 0 for the layer's first call.
        depth: 0 for the model, 1 for what it calls, ...
        start: The index of its first op.
        stop: One more than that of its last.
        outputs: Names of the tensors it returned.
    """

    path: str
    kind: str
    number: int
    depth: int
    start: int
    stop: int
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Traced:
    """A step that was run.

    Attributes:
        ops: All ops of forward pass and loss, in the order they were made.
        calls: All calls of layers, outer before inner.
        leaves: Tensor name to the path of the variable whose value it is.
        values: Tensor name to value.
        gradients: Tensor name to the gradient of the loss; absent where there is none.
        parts: (op name, tensor name) to what comes back through this op, for tensors that several
            ops use.
        through: Names of ops that hand the gradient on inside lists and loops, where none of their
            own outputs has one.
        loss: The tensor's name.
        inputs: Names of the tensors that x came in by.
        labels: Names of those of y and the sample weights.
    """

    ops: tuple[tf.Operation, ...]
    calls: tuple[Heard, ...]
    leaves: dict[str, str]
    values: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]
    parts: dict[tuple[str, str], np.ndarray]
    through: frozenset[str]
    loss: str
    inputs: frozenset[str]
    labels: frozenset[str]


@dataclass
class _Seen:
    """What tracing leaves behind, beside the function."""

    calls: list[Heard] = field(default_factory=list)
    ops: tuple[tf.Operation, ...] = ()
    loss: str = ""
    leaves: dict[str, str] = field(default_factory=dict)
    through: frozenset[str] = frozenset()
    valued: list[str] = field(default_factory=list)
    graded: list[str] = field(default_factory=list)
    parted: list[tuple[str, str]] = field(default_factory=list)
    inputs: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()


@contextlib.contextmanager
def as_written() -> Iterator[None]:
    """Run graphs op by op as they were traced, without TensorFlow's rewriting of arithmetic.

    What is rewritten is rounded otherwise, and a value that was optimised away can't be shown.
    """
    option = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(option, False)
    tf.config.optimizer.set_experimental_options({option: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})


def trace(model: Any, objective: Any, batch: Any) -> Traced:
    """Trace one training step and run it.

    Args:
        model: A built `keras.Model`.
        objective: Its `Objective`, with all variables made.
        batch: `(x,)`, `(x, y)` or `(x, y, sample_weight)` of tensors.

    Raises:
        GradientError: When no variable has anything to do with the loss.
        InputError: When the values of all ops would not fit into memory.
    """
    variables = list(model.variables)
    seen = _Seen()
    given = [tf.identity(each.value) for each in variables]

    def step(values: list[tf.Tensor], batch: Any) -> Any:
        flowing = [each for each in (*values, *tf.nest.flatten(batch[0])) if _floating(each)]
        with tf.GradientTape() as tape:
            tape.watch(flowing)
            loss = _forward(
                model, objective, batch, list(zip(variables, values, strict=True)), seen
            )
        return _returned(tape, loss, values, variables, batch, seen)

    with as_written():
        run = tf.function(step, autograph=False).get_concrete_function(given, batch)
        _require_room(seen, run.graph, batch)
        values, gradients, parts = run(given, batch)
    found = [_array(each) for each in values]
    return Traced(
        seen.ops,
        tuple(sorted(seen.calls, key=lambda each: (each.start, -each.stop, each.depth))),
        seen.leaves,
        dict(zip(seen.valued, found, strict=True)),
        dict(zip(seen.graded, (_array(each) for each in gradients), strict=True)),
        dict(zip(seen.parted, (_array(each) for each in parts), strict=True)),
        seen.through,
        seen.loss,
        seen.inputs,
        seen.labels,
    )


def loss_of(model: Any, objective: Any, batch: Any) -> Any:
    """The loss as a compiled function of the values of all variables.

    Args:
        model: A built `keras.Model`.
        objective: Its `Objective`, with all variables made.
        batch: The batch.

    Returns:
        `f(values) -> float`, values in the order of `model.variables`.
    """
    variables = list(model.variables)

    def compute(values: list[tf.Tensor], batch: Any) -> tf.Tensor:
        mapping = list(zip(variables, values, strict=True))
        return _forward(model, objective, batch, mapping, None)

    given = [tf.identity(each.value) for each in variables]
    with as_written():
        run = tf.function(compute, autograph=False).get_concrete_function(given, batch)
    return lambda values: float(run(values, batch))


def _forward(model: Any, objective: Any, batch: Any, mapping: Any, seen: _Seen | None) -> tf.Tensor:
    graph = mapping[0][1].graph if mapping else tf.compat.v1.get_default_graph()
    nodes = {id(model): ("", model)}
    nodes |= {id(each.operation): (each.path, each.operation) for each in walk(model)}
    open_calls: list[int] = []
    counted: dict[int, int] = {}

    def entered(operation: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        open_calls.append(len(graph.get_operations()))
        return args, kwargs

    def left(operation: Any, args: Any, kwargs: Any, returned: Any) -> Any:
        start = open_calls.pop()
        number = counted[id(operation)] = counted.get(id(operation), -1) + 1
        tensors = [
            each.name
            for each in keras.tree.flatten(returned)
            if isinstance(each, tf.Tensor) and each.graph is graph
        ]
        # What a layer does inside a loop stands in the loop's own graph: it has no op in this one.
        if seen is not None and tf.compat.v1.get_default_graph() is graph:
            path = nodes[id(operation)][0]
            kind, depth, stop = type(operation).__name__, len(open_calls), graph.get_operations()
            seen.calls.append(Heard(path, kind, number, depth, start, len(stop), tuple(tensors)))
        return returned

    with (
        keras.StatelessScope(state_mapping=mapping, collect_losses=True),
        passing([each for _, each in nodes.values()], entered, left),
    ):
        return objective.forward(batch, training=True).loss


def _returned(
    tape: tf.GradientTape, loss: tf.Tensor, values: Any, variables: Any, batch: Any, seen: _Seen
) -> Any:
    graph = loss.graph
    seen.ops = tuple(graph.get_operations())
    seen.loss = loss.name
    seen.leaves = {tensor.name: each.path for tensor, each in zip(values, variables, strict=True)}
    parts = (*batch, None, None)[:3]
    seen.inputs = frozenset(each.name for each in tf.nest.flatten(parts[0]) if tf.is_tensor(each))
    others = tf.nest.flatten(parts[1:])
    seen.labels = frozenset(each.name for each in others if tf.is_tensor(each))
    tensors = [each for op in seen.ops for each in op.outputs]
    shown = [each for each in tensors if _numeric(each)]
    flowing = [each for each in tensors if _floating(each)]
    gradients = tape.gradient(loss, flowing, unconnected_gradients="none")
    with_gradient = [(t, g) for t, g in zip(flowing, gradients, strict=True) if g is not None]
    trained = {t.name for t, v in zip(values, variables, strict=True) if v.trainable}
    if not any(tensor.name in trained for tensor, _ in with_gradient):
        raise GradientError(
            "No variable of the model has anything to do with this loss, so that no gradient "
            "flows: is every layer frozen (trainable=False), or does a layer leave TensorFlow "
            "(NumPy, argmax, round)?"
        )
    seen.valued = [each.name for each in shown]
    seen.graded = [each.name for each, _ in with_gradient]
    graded = {t.name: g for t, g in with_gradient}
    seen.through = through_lists(set(graded), seen.ops)
    edges = parts_of_uses(graded, seen.ops, seen.through)
    seen.parted = [(op, tensor) for op, tensor, _ in edges]
    return shown, [gradient for _, gradient in with_gradient], [each for _, _, each in edges]


def _require_room(seen: _Seen, graph: Any, batch: Any) -> None:
    count = 0
    for name in (*seen.valued, *seen.graded):
        shape = graph.get_tensor_by_name(name).shape
        count += shape.num_elements() or 0
    if count > MOST_NUMBERS:
        size = max((len(each) for each in tf.nest.flatten(batch[0])), default=1)
        fitting = size * MOST_NUMBERS // count
        remedy = f"give {fitting} samples or fewer" if fitting else "give smaller inputs"
        raise InputError(
            f"This step has {count:,} values and gradients ({count * 4 / 1e9:.1f} GB), and all of "
            f"them are looked at: {remedy} in place of the {size} given."
        )


def _array(value: Any) -> np.ndarray:
    # What looks up rows has gradients for these rows only.
    return np.asarray(tf.convert_to_tensor(value))


def _floating(tensor: Any) -> bool:
    return tf.is_tensor(tensor) and tensor.dtype.is_floating


def _numeric(tensor: Any) -> bool:
    dtype = tensor.dtype
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool or dtype.is_complex)
