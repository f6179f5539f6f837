"""Trees to a graph: one node a name, a number or an operation, in an order to compute them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tfviz.errors import InputError, nearest
from tfviz.learn.expressions.place import fault
from tfviz.learn.expressions.rules import RULES, filled, short
from tfviz.learn.expressions.syntax import Statement, Tree, parse

LEAVES = ("input", "constant")


@dataclass(frozen=True)
class Node:
    """One node.

    Attributes:
        index: Its place in the order of computing.
        name: As the user has it, or of our making: n1, n2, ...; a constant without is its number.
        op: 'input', 'constant' or a name in `RULES`.
        parents: The nodes that it is computed from.
        number: Of a constant.
        start: Index of its first character in the source.
        end: Index after its last one.
        named: The user gave the name.
    """

    index: int
    name: str
    op: str
    parents: tuple[int, ...] = ()
    number: float = 0.0
    start: int = 0
    end: int = 0
    named: bool = True


@dataclass(frozen=True)
class Graph:
    """All nodes, parents before children; the last statement's result is the output."""

    source: str
    nodes: tuple[Node, ...]
    output: int

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The variables, in the order in which they first occur."""
        return tuple(node.index for node in self.nodes if node.op == "input")

    @cached_property
    def children(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each node: (child, which of the child's arguments it is) for every use of it."""
        uses: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for slot, parent in enumerate(node.parents):
                uses[parent].append((node.index, slot))
        return tuple(tuple(each) for each in uses)

    @cached_property
    def varying(self) -> tuple[bool, ...]:
        """For each node: whether it depends on a variable."""
        found: list[bool] = []
        for node in self.nodes:
            found.append(node.op == "input" or any(found[each] for each in node.parents))
        return tuple(found)

    @cached_property
    def used(self) -> tuple[bool, ...]:
        """For each node: whether the output depends on it."""
        found = [index == self.output for index in range(len(self.nodes))]
        for node in reversed(self.nodes):
            for parent in node.parents:
                found[parent] |= found[node.index]
        return tuple(found)

    def written(self, node: Node) -> str:
        """How a node is computed, in the names of its parents: 'c * d'; '' for a leaf."""
        if node.op in LEAVES:
            return ""
        names = [self.nodes[each].name for each in node.parents]
        return filled(RULES[node.op].written, names[0], names[-1])

    def fault(self, node: Node, sentence: str) -> InputError:
        """An error with a caret under a node's place in the source."""
        return fault(self.source, node.start, node.end, sentence)


def build(source: str, known: Mapping[str, float]) -> Graph:
    """The graph of a program.

    What is written twice is computed twice; what is to be shared gets a name.

    Args:
        source: Such as "c = a + b; d = b + 1; e = c * d".
        known: The names that have values, to tell variables from misspelt results.

    Raises:
        InputError: If the source doesn't parse, a name has no value or two, a value has no name
            in the source, or there is no variable at all.
    """
    statements = parse(source)
    taken = {each.text for statement in statements for each in _leaves(statement.tree)}
    taken |= {each.name for each in statements}
    builder = _Builder(source, known, taken)
    for statement in statements:
        builder.add(statement)
    return builder.graph()


def _leaves(tree: Tree) -> list[Tree]:
    if tree.op == "name":
        return [tree]
    return [leaf for part in tree.parts for leaf in _leaves(part)]


class _Builder:
    def __init__(self, source: str, known: Mapping[str, float], taken: set[str]) -> None:
        self.source, self.known, self.taken = source, known, taken
        self.nodes: list[Node] = []
        self.places: dict[str, int] = {}
        self.output = 0
        self.made = 0

    def add(self, statement: Statement) -> None:
        name, start = statement.name, statement.start
        place = (start, start + len(name))
        if name and name in self.places:
            raise fault(
                self.source,
                *place,
                f"'{name}' already stands for a node of this graph; give the new result another "
                "name.",
            )
        if name and any(each.text == name for each in _leaves(statement.tree)):
            raise fault(
                self.source,
                *place,
                f"'{name}' can't be computed from itself; give the result another name.",
            )
        if name in self.known:
            raise fault(
                self.source,
                *place,
                f"'{name}' is computed here and also given the value {short(self.known[name])}; "
                f"leave out {name}={short(self.known[name])}.",
            )
        self.output = self.node(statement.tree, name)
        if name:
            self.places[name] = self.output

    def node(self, tree: Tree, name: str = "") -> int:
        if tree.op == "name":
            return self.variable(tree)
        index_of = [self.node(part) for part in tree.parts]
        if tree.op == "number":
            made, op = name or short(tree.value), "constant"
        else:
            made, op = name or self.fresh(), tree.op
        index = len(self.nodes)
        self.nodes.append(
            Node(index, made, op, tuple(index_of), tree.value, tree.start, tree.end, bool(name))
        )
        return index

    def variable(self, tree: Tree) -> int:
        name = tree.text
        if name not in self.places:
            if name not in self.known:
                near = nearest(name, [*self.known, *self.places])
                raise fault(
                    self.source,
                    tree.start,
                    tree.end,
                    f"'{name}' has no value.{near} Give it one: {name}=2.",
                )
            self.places[name] = len(self.nodes)
            self.nodes.append(Node(len(self.nodes), name, "input", (), 0.0, tree.start, tree.end))
        return self.places[name]

    def fresh(self) -> str:
        self.made += 1
        while f"n{self.made}" in self.taken:
            self.made += 1
        return f"n{self.made}"

    def graph(self) -> Graph:
        inputs = [node.name for node in self.nodes if node.op == "input"]
        for name in self.known:
            if name not in inputs:
                raise InputError(
                    f"'{name}' has a value but does not occur in the expression."
                    f"{nearest(name, inputs)} Leave out {name}={short(self.known[name])}."
                )
        if not inputs:
            raise InputError(
                "the expression has numbers only, so there is nothing to differentiate by; use a "
                'name, as in "y = a**2" with a=3.'
            )
        return Graph(self.source, tuple(self.nodes), self.output)
