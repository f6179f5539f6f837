"""The same graph on TensorFlow's tape, in float64: what the framework says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfviz.learn.expressions.graph import Graph


def tape_gradients(graph: Graph, values: Sequence[float]) -> tuple[float, ...]:
    """The gradient of the output with respect to every node, by `tf.GradientTape`.

    Args:
        graph: The graph.
        values: Of all nodes; only those of variables are used.

    Returns:
        For each node; 0 where the output doesn't depend on it.
    """
    import tensorflow as tf

    does: dict[str, Any] = {
        "add": tf.add,
        "sub": tf.subtract,
        "mul": tf.multiply,
        "div": tf.divide,
        "pow": tf.pow,
        "neg": tf.negative,
        "exp": tf.exp,
        "log": tf.math.log,
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "relu": tf.nn.relu,
        "max": tf.maximum,
    }
    tensors: list[Any] = []
    with tf.GradientTape() as tape:
        for node in graph.nodes:
            if node.op in does:
                tensors.append(does[node.op](*(tensors[each] for each in node.parents)))
            else:
                number = values[node.index] if node.op == "input" else node.number
                tensors.append(tf.constant(number, tf.float64))
            tape.watch(tensors[-1])
    zero = tf.UnconnectedGradients.ZERO
    found = tape.gradient(tensors[graph.output], tensors, unconnected_gradients=zero)
    return tuple(float(each) for each in found)
