"""From a model, a layer and an output to what exactly is differentiated by what.

Made once, while the model is traced; a value that can be printed and tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.missing import why_in_loop, why_unheard
from tfviz.errors import LayerError, TargetError, nearest
from tfviz.model.choice import (
    Candidate,
    Choice,
    candidates,
    choose,
    layout,
    spatial_shape,
)
from tfviz.model.heard import Heard, Hearing, hear
from tfviz.model.logits import Logits, find_logits, upstream
from tfviz.model.tree import Node, find


@dataclass(frozen=True, eq=False)
class Plan:
    """What is explained at, and how the score is made.

    Attributes:
        choice: The layer, and why.
        calls: Its calls on the way to the score, by the input they look at, then in order.
        layouts: 'channels_last' or 'channels_first', one a call.
        sources: Index of the model input that each call looks at.
        node: The layer itself.
        logits: The explained output before its activation; symbolic.
        output: That output as the model returns it; symbolic.
        output_name: Its name, None for a model with one output.
        all_logits: All outputs before their activations, in the model's structure; symbolic.
    """

    choice: Choice
    calls: tuple[Heard, ...]
    layouts: tuple[str, ...]
    sources: tuple[int, ...]
    node: Node
    logits: Logits
    output: tf.Tensor
    output_name: str | None
    all_logits: Any


def make_plan(
    model: Any,
    inputs: Any,
    layer: str | None,
    output: int | str | None,
    *,
    every_output: bool = False,
) -> Plan:
    """Call the model inside the graph that is being traced, and settle what to explain.

    Args:
        model: A `keras.Model`.
        inputs: Symbolic tensors in the structure that the model takes.
        layer: A path or name; None chooses.
        output: Index or name of the output to explain; None takes the first.
        every_output: The score may depend on all outputs (a function of them).

    Raises:
        LayerError: When the layer doesn't exist or can't give a map.
        TargetError: When there is no such output.
    """
    hearing = hear(model, inputs)
    outputs = keras.tree.flatten(hearing.outputs)
    names = _output_names(model, hearing.outputs, len(outputs))
    index = _output_index(output, names)
    found = [find_logits(each) for each in outputs]
    logits = found[index]

    explained = found if every_output else [logits]
    needed: frozenset[str] = frozenset().union(*(upstream(each.tensor) for each in explained))
    graph = outputs[index].graph
    leads = frozenset(
        each.tensor
        for each in hearing.heard
        if each.value.graph is graph and each.value.op.name in needed
    )
    # A segmentation's output has places itself; the evidence for it lies before it.
    head: frozenset[str] = frozenset().union(
        *(each.passed for each in explained if (each.tensor.shape.rank or 0) > 2)
    )
    if layer is None:
        choice, calls = choose(hearing.heard, leads, head, model_name=model.name)
        node = find(list(hearing.nodes), choice.path, model)
    else:
        node = find(list(hearing.nodes), layer, model)
        choice, calls = _named(node, hearing, leads, head, graph)
    flat_inputs = [each for each in keras.tree.flatten(inputs) if tf.is_tensor(each)]
    # A functional model runs the calls of a shared layer in an order of its own; people count by
    # the inputs.
    calls = sorted(calls, key=lambda each: _source(each.value, flat_inputs))
    return Plan(
        choice=choice,
        calls=tuple(calls),
        layouts=tuple(layout(hearing.heard, each) for each in calls),
        sources=tuple(_source(each.value, flat_inputs) for each in calls),
        node=node,
        logits=logits,
        output=outputs[index],
        output_name=names[index] if len(outputs) > 1 else None,
        all_logits=keras.tree.pack_sequence_as(hearing.outputs, [each.tensor for each in found]),
    )


def _named(
    node: Node, hearing: Hearing, leads: frozenset[str], head: frozenset[str], graph: Any
) -> tuple[Choice, list[Heard]]:
    """The choice when the user names the layer, or why it can't be."""
    calls = [each for each in hearing.heard if each.path == node.path]
    if not calls:
        around = [
            (other.path, other.operation)
            for other in hearing.nodes
            if node.path.startswith(f"{other.path}/")
        ]
        raise LayerError(why_unheard(node.path, around))
    if any(each.value.graph is not graph for each in calls):
        raise LayerError(why_in_loop(node.path))
    listed = candidates(hearing.heard, leads, head)
    first = calls[0]
    if len(spatial_shape(first, layout(hearing.heard, first))) < 1:
        known = dict.fromkeys(each.path for each in listed)
        some = ", ".join(f"'{path}'" for path in list(known)[-3:])
        raise LayerError(
            f"Layer '{node.path}' gives {_show(first.shape)}: no places are left in it to make a "
            f"map of." + (f" Layers that have some: {some}." if some else "")
        )
    # Calls that don't lead to the score (another branch of a shared layer) have no map; when none
    # does, all are kept, so that the missing gradient can be explained.
    used = [each for each in calls if each.tensor in leads] or calls
    offered = {each.path: Candidate(each.path, each.kind, each.shape) for each in listed}
    return (
        Choice(
            first.path,
            first.kind,
            first.shape,
            "named by you",
            tuple(offered.values()),
            len(used),
        ),
        used,
    )


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("batch" if size is None else str(size) for size in shape) + ")"


def _output_names(model: Any, outputs: Any, count: int) -> list[str]:
    if isinstance(outputs, dict):
        flat = keras.tree.flatten({key: key for key in outputs})
        if len(flat) == count:
            return [str(each) for each in flat]
    names = getattr(model, "output_names", None) or []
    return list(names) if len(names) == count else [str(i) for i in range(count)]


def _output_index(wanted: int | str | None, names: list[str]) -> int:
    if wanted is None:
        return 0
    if isinstance(wanted, str) and wanted in names:
        return names.index(wanted)
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return wanted
    listed = ", ".join(f"{i}: '{name}'" for i, name in enumerate(names))
    raise TargetError(
        f"output={wanted!r} is not one of the model's {len(names)} outputs ({listed})."
        f"{nearest(str(wanted), names)}"
    )


def _source(tensor: tf.Tensor, inputs: list[tf.Tensor]) -> int:
    """The input that a layer looks at: the first with places in it that it depends on."""
    needed = upstream(tensor)
    used = [i for i, each in enumerate(inputs) if each.op.name in needed]
    if not used:
        return 0
    return max(used, key=lambda i: (min(inputs[i].shape.rank or 0, 3), -i))
