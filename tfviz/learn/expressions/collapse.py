"""1 / (1 + exp(-x)) is a sigmoid: its five local rules collapse into y * (1 - y)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfviz.learn.expressions.graph import Graph, Node
from tfviz.learn.expressions.passes import locals_of


@dataclass(frozen=True)
class Collapse:
    """A sigmoid that was found in a graph.

    Attributes:
        output: The node whose value y is.
        argument: The node whose value x is.
        chain: The nodes on the way from x to y, y last.
        locals: The local derivative of each of them, in the same order.
        product: All of them multiplied.
        y: The value of the sigmoid.
        short_form: y * (1 - y).
    """

    output: int
    argument: int
    chain: tuple[int, ...]
    locals: tuple[float, ...]
    product: float
    y: float
    short_form: float


def collapses(graph: Graph, values: Sequence[float]) -> tuple[Collapse, ...]:
    """All sigmoids written out as 1 / (1 + exp(-x)) or (1 + exp(-x))**-1."""
    found = []
    for node in graph.nodes:
        chain = _chain(graph, node)
        if not chain or not graph.varying[chain[0].parents[0]]:
            continue
        slopes = []
        below = chain[0].parents[0]
        for each in chain:
            slopes.append(locals_of(graph, each, values)[each.parents.index(below)])
            below = each.index
        product = 1.0
        for slope in slopes:
            product *= slope
        y = values[node.index]
        found.append(
            Collapse(
                node.index,
                chain[0].parents[0],
                tuple(each.index for each in chain),
                tuple(slopes),
                product,
                y,
                y * (1 - y),
            )
        )
    return tuple(found)


def _chain(graph: Graph, top: Node) -> tuple[Node, ...]:
    """The nodes neg, exp, add, div (or pow) that make a sigmoid of `top`; () if they don't."""
    under = _under(graph, top)
    if under is None or under.op != "add":
        return ()
    terms = [graph.nodes[each] for each in under.parents]
    ones = [each for each in terms if _is(each, 1.0)]
    rest = [each for each in terms if each.op == "exp"]
    if len(ones) != 1 or len(rest) != 1:
        return ()
    negated = graph.nodes[rest[0].parents[0]]
    return (negated, rest[0], under, top) if negated.op == "neg" else ()


def _under(graph: Graph, top: Node) -> Node | None:
    if top.op not in ("div", "pow"):
        return None
    first, second = (graph.nodes[each] for each in top.parents)
    if top.op == "div":
        return second if _is(first, 1.0) else None
    return first if _is(second, -1.0) else None


def _is(node: Node, number: float) -> bool:
    return node.op == "constant" and node.number == number
