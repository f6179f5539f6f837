"""From a model, a layer and an output to what exactly is differentiated by what.

Two steps, both while the model is traced: `listen` runs it and finds the logits, of which a target
makes a score; `settle` takes the layer that the score is explained at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from tfviz.autodiff.missing import why_closed, why_in_loop, why_unheard
from tfviz.errors import LayerError
from tfviz.explain.outputs import flat_tensors, output_index, output_names
from tfviz.explain.tokens import Grid, find_grid, only_one_token_read
from tfviz.model.choice import (
    Candidate,
    Choice,
    candidates,
    choose,
    layout,
    spatial_shape,
    with_moved,
)
from tfviz.model.heard import Given, Heard, Hearing, hear
from tfviz.model.logits import Logits, find_logits, upstream
from tfviz.model.shapes import channels_stand_first, in_words
from tfviz.model.tree import Node, find


@dataclass(frozen=True, eq=False)
class Listened:
    """A traced call of a model, and the logits behind its outputs.

    Attributes:
        hearing: All that was heard.
        inputs: The model's inputs, flat; symbolic.
        outputs: Its outputs, flat; symbolic.
        logits: What each output is before its activation.
        index: Which output is explained.
        names: Of all outputs.
        all_logits: All logits in the structure of the outputs; symbolic.
    """

    hearing: Hearing
    inputs: tuple[tf.Tensor, ...]
    outputs: tuple[tf.Tensor, ...]
    logits: tuple[Logits, ...]
    index: int
    names: tuple[str, ...]
    all_logits: Any

    @property
    def explained(self) -> Logits:
        """The logits of the output that is explained."""
        return self.logits[self.index]

    @property
    def class_axis(self) -> int:
        """The axis of the explained output that holds its classes."""
        logits = self.explained
        if logits.class_axis is not None:
            return logits.class_axis
        rank = logits.tensor.shape.rank or 2
        by_tensor = {each.tensor: each for each in self.hearing.heard}
        made = next((by_tensor[name] for name in logits.passed if name in by_tensor), None)
        first = rank > 2 and made is not None
        if first and layout(self.hearing.heard, made) == "channels_first":  # type: ignore[arg-type]
            return 1
        return rank - 1


@dataclass(frozen=True, eq=False)
class Plan:
    """What is explained at.

    Attributes:
        choice: The layer, and why.
        calls: Its calls on the way to the score, one an input, by the input they look at; symbolic.
        layouts: 'channels_last' or 'channels_first', one a call.
        sources: Index of the model input that each call looks at.
        grids: How the tokens of each call lie in the image; None where they don't.
        node: The layer itself.
    """

    choice: Choice
    calls: tuple[Heard, ...]
    layouts: tuple[str, ...]
    sources: tuple[int, ...]
    grids: tuple[Grid | None, ...]
    node: Node


def listen(
    model: Any, inputs: Any, output: int | str | None, given: Given | None = None
) -> Listened:
    """Call the model inside the graph that is being traced, and find its logits.

    The one place where a model is called to be explained.

    Args:
        model: A `keras.Model`.
        inputs: Symbolic tensors in the structure that the model takes.
        output: Index or name of the output to explain; None takes the first.
        given: What layers return in place of what they compute.

    Raises:
        TargetError: When there is no such output.
    """
    hearing = hear(model, inputs, given)
    outputs = flat_tensors(hearing.outputs)
    names = output_names(model, hearing.outputs, len(outputs))
    found = {each.name: find_logits(each) for each in outputs}
    return Listened(
        hearing=hearing,
        inputs=tuple(each for each in keras.tree.flatten(inputs) if tf.is_tensor(each)),
        outputs=tuple(outputs),
        logits=tuple(found[each.name] for each in outputs),
        index=output_index(output, names),
        names=tuple(names),
        all_logits=keras.tree.map_structure(
            lambda each: found[each.name].tensor if tf.is_tensor(each) else each, hearing.outputs
        ),
    )


def settle(model: Any, listened: Listened, layer: str | None, scores: Sequence[tf.Tensor]) -> Plan:
    """Take the layer that a score is explained at.

    Args:
        model: The model that was listened to.
        listened: From `listen`.
        layer: A path or name; None chooses one that all scores depend on.
        scores: What is explained, the parts of a sum each; symbolic.

    Raises:
        LayerError: When the layer doesn't exist or can't give a map.
    """
    heard, nodes = listened.hearing.heard, list(listened.hearing.nodes)
    each_needs, graph = [upstream(score) for score in scores], scores[0].graph
    needed = frozenset.intersection(*each_needs)
    if layer is not None:
        needed = frozenset.union(*each_needs)
    leads = frozenset(
        each.tensor for each in heard if each.value.graph is graph and each.value.op.name in needed
    )
    # A segmentation's output has places itself, and so has what is only reshaped to an output; the
    # evidence for it lies before it.
    spatial = [each.passed for each in listened.logits if _has_places(each, heard)]
    head = with_moved(heard, frozenset().union(*spatial))
    if layer is None:
        if not leads and any(each.value.graph is not graph for each in heard):
            raise LayerError(why_closed(model.name))
        choice, calls = choose(heard, leads, head, model_name=model.name)
        choice, calls = _before_one_token(choice, calls, heard, leads, head, needed)
        node = find(nodes, choice.path, model)
    else:
        node = find(nodes, layer, model)
        choice, calls = _named(node, listened.hearing, leads, head, graph)
        aside = sum(all(each.value.op.name not in one for each in calls) for one in each_needs)
        if len(scores) > 1 and 0 < aside < len(scores):
            counts = f"{aside} of the {len(scores)} outputs don't depend on it and count nothing"
            choice = replace(choice, reason=f"{choice.reason}; {counts}")
    calls = _last_of_each_chain(calls, heard)
    # A functional model runs the calls of a shared layer in an order of its own; people count by
    # the inputs.
    calls = sorted(calls, key=lambda each: _source(each.value, listened.inputs))
    sources = [_source(each.value, listened.inputs) for each in calls]
    return Plan(
        choice=_counted(choice, calls),
        calls=tuple(calls),
        layouts=tuple(layout(heard, each) for each in calls),
        sources=tuple(sources),
        grids=tuple(
            find_grid(each.value, listened.inputs[source], heard) if listened.inputs else None
            for each, source in zip(calls, sources, strict=True)
        ),
        node=node,
    )


def settle_inputs(model: Any, listened: Listened, score: tf.Tensor) -> Plan:
    """Explain a score at the model's own inputs, those that have places.

    Args:
        model: The model that was listened to.
        listened: From `listen`.
        score: What is explained; symbolic.

    Raises:
        LayerError: When no input has places, or only such as have no gradient (integers).
    """
    needed = upstream(score)
    placed = {i: x for i, x in enumerate(listened.inputs) if (x.shape.rank or 0) > 2}
    usable = {i: x for i, x in placed.items() if x.dtype.is_floating and x.op.name in needed}
    if not usable:
        given = ", ".join(f"{in_words(x.shape)} {x.dtype.name}" for x in listened.inputs)
        raise LayerError(
            f"This method explains at the model's input, and model '{model.name}' takes {given}: "
            f"it needs floating-point numbers with places, like (batch, height, width, channels), "
            f"that the score depends on. A method that explains at a layer may be able to."
        )
    calls = tuple(
        Heard("input", "Input", tuple(x.shape.as_list()), x.name, value=x, number=number)
        for number, x in enumerate(usable.values())
    )
    choice = Choice(
        "input", "Input", calls[-1].shape, "this method explains there", calls=len(calls)
    )
    first = [x.shape.rank == 4 and channels_stand_first(x.shape[1:]) for x in usable.values()]
    return Plan(
        choice=choice,
        calls=calls,
        layouts=tuple("channels_first" if each else "channels_last" for each in first),
        sources=tuple(usable),
        grids=(None,) * len(calls),
        node=Node("input", None, 0),
    )


def _has_places(logits: Logits, heard: Sequence[Heard]) -> bool:
    """Whether an output has places, or is what has some in another shape."""
    return (logits.tensor.shape.rank or 0) > 2 or any(
        each.tensor in logits.passed
        and any(size != 1 for size in spatial_shape(each, layout(heard, each)))
        for each in heard
    )


def _counted(choice: Choice, calls: Sequence[Heard]) -> Choice:
    last = calls[-1]
    return Choice(
        choice.path, choice.kind, last.shape, choice.reason, choice.candidates, len(calls)
    )


def _last_of_each_chain(calls: Sequence[Heard], heard: Sequence[Heard]) -> list[Heard]:
    """Of calls that follow from each other the last: one ReLU used all along is the last ReLU.

    Calls beside each other, each on an input of its own, all stay.
    """
    order = {id(each): i for i, each in enumerate(heard)}
    left = sorted(calls, key=lambda each: order.get(id(each), 0))
    kept: list[Heard] = []
    while left:
        last = left.pop()
        kept.append(last)
        if left:
            behind = upstream(last.value)
            left = [each for each in left if each.value.op.name not in behind]
    return kept[::-1]


def _before_one_token(
    choice: Choice,
    calls: list[Heard],
    heard: Sequence[Heard],
    leads: frozenset[str],
    head: frozenset[str],
    needed: frozenset[str],
) -> tuple[Choice, list[Heard]]:
    """Where only one token of the chosen output is read, the last attention's input is taken."""
    last = calls[-1]
    if len(last.shape) != 3 or not only_one_token_read(last.value, needed):
        return choice, calls
    found = {each.tensor: each for each in candidates(heard, leads, head)}
    attentions = [each for each in heard if "Attention" in each.kind and each.tensor in leads]
    for attention in reversed(attentions):
        looked_at = next((found[name] for name in attention.made_from if name in found), None)
        if looked_at is not None:
            reason = (
                f"what the last attention '{attention.path}' looks at: after it only one token is "
                f"read, and the others count no more"
            )
            taken = Choice(
                looked_at.path, looked_at.kind, looked_at.shape, reason, choice.candidates
            )
            return taken, [looked_at]
    return choice, calls


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
            f"Layer '{node.path}' gives {in_words(first.shape)}: no places are left in it to make "
            f"a map of." + (f" Layers that have some: {some}." if some else "")
        )
    # Calls that don't lead to the score (another branch of a shared layer) have no map; when none
    # does, all are kept, so that the missing gradient can be explained.
    used = [each for each in calls if each.tensor in leads] or calls
    offered = {each.path: Candidate(each.path, each.kind, each.shape) for each in listed}
    return (
        Choice(first.path, first.kind, first.shape, "named by you", tuple(offered.values())),
        used,
    )


def _source(tensor: tf.Tensor, inputs: Sequence[tf.Tensor]) -> int:
    """The input that a layer looks at: the first with places in it that it depends on."""
    needed = upstream(tensor)
    used = [i for i, each in enumerate(inputs) if each.op.name in needed]
    if not used:
        return 0
    return max(used, key=lambda i: (min(inputs[i].shape.rank or 0, 3), -i))
