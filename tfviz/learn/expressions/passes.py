"""Through a graph and back: values forward, gradients backward, and tangents one input a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfviz.learn.expressions.graph import Graph, Node
from tfviz.learn.expressions.rules import RULES, kink, short, undefined


@dataclass(frozen=True)
class Work:
    """What a mode of differentiation did, counted while it did it.

    Attributes:
        passes: How often it went through the graph.
        multiplications: Of a local derivative with a gradient or tangent.
        additions: Of what comes along several ways.
    """

    passes: int
    multiplications: int
    additions: int


@dataclass(frozen=True)
class Share:
    """What one child sends back to a node: `upstream * local`.

    Attributes:
        child: Index of the child.
        slot: Which of the child's arguments the node is.
        upstream: The gradient of the output with respect to the child.
        local: The derivative of the child with respect to the node.
        amount: Their product.
    """

    child: int
    slot: int
    upstream: float
    local: float
    amount: float


@dataclass(frozen=True)
class Backward:
    """Gradients of the output with respect to every node, and what they are the sums of."""

    gradients: tuple[float, ...]
    shares: tuple[tuple[Share, ...], ...]
    work: Work


@dataclass(frozen=True)
class Forward:
    """Gradients of the output with respect to the inputs, by forward mode, and all tangents.

    Attributes:
        gradients: For each input, in the order of `Graph.inputs`.
        tangents: For each input: the derivative of every node with respect to it.
        work: What it took.
    """

    gradients: tuple[float, ...]
    tangents: tuple[tuple[float, ...], ...]
    work: Work


def compute(graph: Graph, node: Node, values: Sequence[float]) -> float:
    """The value of an operation from those of its parents; nan where it has none."""
    a, b = _arguments(node, values)
    try:
        return RULES[node.op].forward(a, b)
    except (ValueError, ArithmeticError):
        return math.nan


def forward(graph: Graph, known: Mapping[str, float]) -> tuple[float, ...]:
    """The value of every node.

    Raises:
        InputError: With a caret, where a value doesn't exist or is beyond float64.
    """
    values: list[float] = []
    for node in graph.nodes:
        if node.op == "constant":
            values.append(node.number)
        elif node.op == "input":
            values.append(known[node.name])
        else:
            values.append(compute(graph, node, values))
            if not math.isfinite(values[-1]):
                raise graph.fault(node, undefined(node.op, *_arguments(node, values)))
    return tuple(values)


def locals_of(graph: Graph, node: Node, values: Sequence[float]) -> tuple[float, ...]:
    """The derivatives of a node with respect to each of its arguments.

    Raises:
        InputError: With a caret, where one of them that matters isn't finite.
    """
    a, b = _arguments(node, values)
    found = []
    for slot, local in enumerate(RULES[node.op].local):
        try:
            slope = local(a, b, values[node.index])
        except ArithmeticError:
            slope = math.inf
        if node.op == "pow" and slot == 1 and a < 0 and not graph.varying[node.parents[1]]:
            # A convention for a variable; a constant's gradient is only for show.
            slope = math.nan
        if not math.isfinite(slope) and graph.varying[node.parents[slot]]:
            raise graph.fault(node, _no_slope(node, a, b))
        found.append(slope)
    return tuple(found)


def _no_slope(node: Node, a: float, b: float) -> str:
    if node.op == "pow" and a == 0:
        return (
            f"the slope of a power {short(b)} at 0 is infinite, so no gradient goes back from "
            "here (TensorFlow's tape gives inf); take a base a little above 0."
        )
    return "the slope here is beyond the largest float64, 1.8e308; take other numbers."


def backward(graph: Graph, values: Sequence[float]) -> Backward:
    """Reverse mode: one pass from the output back, the sum over children at every node.

    Only the way to variables is counted as work. What constants would get is worked out as well,
    because it shows what would happen if they could move; where it doesn't exist it is nan.

    Raises:
        InputError: With a caret, where a gradient isn't finite.
    """
    gradients = [0.0] * len(graph.nodes)
    gradients[graph.output] = 1.0
    shares: list[tuple[Share, ...]] = [()] * len(graph.nodes)
    multiplications = additions = 0
    slopes: dict[int, tuple[float, ...]] = {}
    for node in reversed(graph.nodes):
        got = []
        for child, slot in graph.children[node.index]:
            if not graph.used[child]:
                continue
            if child not in slopes:
                slopes[child] = locals_of(graph, graph.nodes[child], values)
            upstream, local = gradients[child], slopes[child][slot]
            got.append(Share(child, slot, upstream, local, upstream * local))
        if got:
            # One after the other, as a tape adds them up.
            total = got[0].amount
            for each in got[1:]:
                total += each.amount
            gradients[node.index] = total
            shares[node.index] = tuple(got)
            if graph.varying[node.index]:
                multiplications += len(got)
                additions += len(got) - 1
                if not math.isfinite(total):
                    raise graph.fault(
                        node,
                        "the gradient here is beyond the largest float64, 1.8e308; take other "
                        "numbers.",
                    )
    return Backward(tuple(gradients), tuple(shares), Work(1, multiplications, additions))


def forward_mode(graph: Graph, values: Sequence[float]) -> Forward:
    """Forward mode: one pass an input, derivatives of every node with respect to it.

    It is counted at its best: nodes that don't depend on the input, or that the output doesn't
    depend on, cost nothing.
    """
    multiplications = additions = 0
    all_tangents = []
    for source in graph.inputs:
        tangents: list[float | None] = [None] * len(graph.nodes)
        tangents[source] = 1.0
        for node in graph.nodes:
            if not graph.used[node.index]:
                continue
            moving = [slot for slot, p in enumerate(node.parents) if tangents[p] is not None]
            if not moving:
                continue
            slopes = locals_of(graph, node, values)
            total = None
            for slot in moving:
                share = slopes[slot] * float(tangents[node.parents[slot]] or 0.0)
                multiplications += 1
                additions += total is not None
                total = share if total is None else total + share
            tangents[node.index] = total
        all_tangents.append(tuple(0.0 if each is None else each for each in tangents))
    return Forward(
        tuple(each[graph.output] for each in all_tangents),
        tuple(all_tangents),
        Work(len(graph.inputs), multiplications, additions),
    )


@dataclass(frozen=True)
class Kink:
    """A node without a single slope, and what is done about it."""

    node: int
    note: str


def kinks(graph: Graph, values: Sequence[float]) -> tuple[Kink, ...]:
    """All places of the graph whose slope is a matter of convention."""
    found = []
    for node in graph.nodes:
        if not node.parents or not graph.varying[node.index]:
            continue
        a, b = _arguments(node, values)
        first, last = node.parents[0], node.parents[-1]
        note = kink(node.op, a, b, first == last, not graph.varying[last])
        if note:
            found.append(Kink(node.index, note))
    return tuple(found)


def _arguments(node: Node, values: Sequence[float]) -> tuple[float, float]:
    return values[node.parents[0]], values[node.parents[1]] if len(node.parents) > 1 else 0.0
