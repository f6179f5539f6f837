"""Back-propagation through an expression as a drawing, and as a page to step through."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tfviz.draw.figure import shorten
from tfviz.draw.stepping import Step, stepping_page
from tfviz.learn.expressions.diagram import Diagram, Mark, Shown
from tfviz.learn.expressions.frames import Frames
from tfviz.learn.expressions.rules import RULES, short
from tfviz.learn.expressions.words import (
    VERDICTS,
    check_words,
    collapse_lines,
    computed,
    counts,
    local_name,
    local_rule,
    mathematical,
    nudged,
    number,
    remarks,
    slope_name,
    sum_of_shares,
)
from tfviz.learn.palette import GRADIENT, VALUE

if TYPE_CHECKING:
    from tfviz.learn.expressions.graph import Node
    from tfviz.learn.expressions.lesson import Backprop

LONGEST_TITLE = 90
MOST_COLUMNS = 8
SIGNS = {"*": "×", "/": "÷", "-": "−", "sigmoid": "σ", "**": "^"}


def diagram(lesson: Backprop) -> Diagram:
    """A lesson's graph, with values above the wires and gradients below."""
    marks = []
    for node in lesson.graph.nodes:
        leaf = node.op in ("input", "constant")
        sign = node.name if leaf else RULES[node.op].sign
        caption = "" if leaf else f"{node.name} = {lesson.graph.written(node)}"
        # A constant tells its number in its box already.
        told = leaf and node.name == short(lesson.values[node.index])
        marks.append(
            Mark(
                sign if leaf else SIGNS.get(sign, sign),
                node.parents,
                shorten(mathematical(caption), 34),
                "" if told else short(lesson.values[node.index]).replace("-", "−"),
                number(lesson.backward.gradients[node.index]).replace("-", "−"),
                node.op if leaf else "operation",
            )
        )
    title = " ; ".join(each.strip() for each in lesson.expression.split("\n") if each.strip())
    return Diagram(marks, shorten(title, LONGEST_TITLE))


def page(lesson: Backprop) -> str:
    """Forward step by step, then backward, then what checks it and what it costs."""
    return _Walk(lesson).page()


class _Walk:
    def __init__(self, lesson: Backprop) -> None:
        self.lesson, self.graph = lesson, lesson.graph
        self.values: set[int] = set()
        self.gradients: set[int] = set()
        self.frames = Frames(lesson.diagram)

    def step(
        self,
        title: str,
        text: list[str],
        *,
        now: tuple[int, ...] = (),
        wires: tuple[tuple[int, int], ...] = (),
        colour: str = VALUE,
        table: list[list[str]] | None = None,
        code: str = "",
    ) -> Step:
        shown = Shown(set(self.values), set(self.gradients), now, wires, colour)
        return Step(
            mathematical(title),
            self.frames.picture(shown),
            self.described(now, wires),
            [mathematical(each) for each in text],
            [[mathematical(cell) for cell in row] for row in table or []],
            code,
        )

    def described(self, now: tuple[int, ...], wires: tuple[tuple[int, int], ...]) -> str:
        """The picture in words."""
        nodes = self.graph.nodes
        parts = []
        for node in nodes:
            if node.index not in self.values:
                continue
            text = f"{node.name} is {short(self.lesson.values[node.index])}"
            if node.index in self.gradients:
                text += f", gradient {number(self.lesson.backward.gradients[node.index])}"
            parts.append(text)
        marked = [nodes[each].name for each in now]
        along = [f"{nodes[parent].name} to {nodes[child].name}" for parent, child in wires]
        words = f"The graph of the expression. {'; '.join(parts)}."
        if marked:
            words += f" Marked: {', '.join(marked)}."
        if along:
            words += f" Marked wires: {', '.join(along)}."
        return words

    def page(self) -> str:
        lesson, nodes = self.lesson, self.graph.nodes
        steps = [self.leaves()]
        steps += [self.forward(node) for node in nodes if node.parents]
        steps.append(self.seed())
        steps += [
            self.backward(node)
            for node in reversed(nodes)
            if node.index != self.graph.output and self.graph.varying[node.index]
        ]
        self.gradients = set(range(len(nodes)))
        if any(not varying for varying in self.graph.varying):
            steps.append(self.constants())
        steps += self.collapsed()
        steps += [self.checks(), self.cost()]
        return stepping_page(
            f"Back-propagation: {self.lesson.diagram.title}",
            steps,
            intro=[
                "First forward: every node's value from those before it. Then backward: how much "
                "the output moves when a node does, from the nodes after it. Values stand above "
                "the wires, gradients below.",
            ],
            notes=[*(each.note for each in lesson.kinks), *remarks(lesson)],
            data=lesson.to_dict(),
        )

    def leaves(self) -> Step:
        leaves = [node for node in self.graph.nodes if not node.parents]
        self.values |= {node.index for node in leaves}
        given = ", ".join(
            f"{node.name} = {short(self.lesson.values[node.index])}"
            for node in leaves
            if node.op == "input"
        )
        text = [f"Given: {given}."]
        if len(leaves) > len(self.graph.inputs):
            text.append("Numbers in the expression are nodes of their own, which never move.")
        return self.step("What is given", text, now=tuple(node.index for node in leaves))

    def forward(self, node: Node) -> Step:
        self.values.add(node.index)
        text = [f"{computed(self.lesson, node)}."]
        text += [each.note for each in self.lesson.kinks if each.node == node.index]
        wires = tuple((parent, node.index) for parent in dict.fromkeys(node.parents))
        title = f"Forward: {node.name} = {self.graph.written(node)}"
        return self.step(title, text, now=(node.index,), wires=wires)

    def seed(self) -> Step:
        output = self.graph.output
        self.gradients.add(output)
        name = slope_name(self.lesson, output)
        return self.step(
            f"Backward begins: {name} = 1",
            [
                "The output moves exactly as much as it moves itself. From here each node gets its "
                "gradient from its children, the nodes that are computed from it."
            ],
            now=(output,),
            colour=GRADIENT,
        )

    def backward(self, node: Node) -> Step:
        lesson, index = self.lesson, node.index
        self.gradients.add(index)
        shares = lesson.backward.shares[index]
        title = f"Backward: {slope_name(lesson, index)}"
        if not shares:
            return self.step(
                f"{title} = 0",
                [f"The output doesn't depend on {node.name}."],
                now=(index,),
                colour=GRADIENT,
            )
        names, numbers = sum_of_shares(lesson, index)
        text = [f"{names} = {numbers}."]
        if len(shares) > 1:
            often = "twice" if len(shares) == 2 else f"{len(shares)} times"
            text.append(f"{node.name} is used {often}: its shares add up.")
        text += [
            f"{words[0].upper()}{words[1:]}."
            for words in dict.fromkeys(RULES[self.graph.nodes[s.child].op].words for s in shares)
        ]
        text.append(check_words(lesson, index))
        text += [
            each.note for each in lesson.kinks if each.node in {share.child for share in shares}
        ]
        rows = [["through", "its gradient", "local rule", "numbers put in", "share"]]
        for each in shares:
            child = self.graph.nodes[each.child]
            rule, put_in = local_rule(lesson, each)
            local = put_in if put_in == short(each.local) else f"{put_in} = {short(each.local)}"
            rows.append(
                [
                    f"{child.name} = {self.graph.written(child)}",
                    short(each.upstream),
                    f"{local_name(lesson, index, each)} = {rule}",
                    local,
                    short(each.amount),
                ]
            )
        wires = tuple((index, child) for child in dict.fromkeys(each.child for each in shares))
        return self.step(title, text, now=(index,), wires=wires, colour=GRADIENT, table=rows)

    def constants(self) -> Step:
        still = [i for i, varying in enumerate(self.graph.varying) if not varying]
        return self.step(
            "The constants",
            [
                "Nothing asks for their gradients, and a framework doesn't compute them. They show "
                "how the output would move if these numbers could."
            ],
            now=tuple(still),
            colour=GRADIENT,
        )

    def collapsed(self) -> list[Step]:
        steps = []
        for each, line in zip(self.lesson.collapses, collapse_lines(self.lesson), strict=True):
            y, x = (self.graph.nodes[i].name for i in (each.output, each.argument))
            way = (each.argument, *each.chain)
            upstream = self.lesson.backward.gradients[each.output]
            rows = [["node", "local rule times what came before"]]
            so_far = 1.0
            for index, slope in zip(reversed(each.chain), reversed(each.locals), strict=True):
                so_far *= slope
                node = self.graph.nodes[index]
                rows.append(
                    [
                        f"{node.name} = {self.graph.written(node)}",
                        f"{short(slope)} -> {short(so_far)}",
                    ]
                )
            rows.append([f"{y} * (1 - {y})", short(each.short_form)])
            steps.append(
                self.step(
                    f"The collapse: d{y}/d{x} = {y} * (1 - {y})",
                    [
                        line,
                        f"Times the gradient of {y}, {short(upstream)}: "
                        f"{short(upstream * each.product)} comes back to {x}.",
                    ],
                    now=way,
                    wires=tuple(itertools.pairwise(way)),
                    colour=GRADIENT,
                    table=rows,
                )
            )
        return steps

    def checks(self) -> Step:
        rows = [["node", "value", "gradient", "left", "right", "central", "tick"]]
        for node, found in zip(self.graph.nodes, self.lesson.differences, strict=True):
            tick = {"ok": "✓ ok", "no": "✗ differs"}.get(found.verdict, VERDICTS[found.verdict])
            rows.append(
                [
                    node.name,
                    short(self.lesson.values[node.index]),
                    number(self.lesson.backward.gradients[node.index]),
                    number(found.left),
                    number(found.right),
                    nudged(self.lesson, node.index),
                    tick,
                ]
            )
        if self.lesson.tape is not None:
            rows[0].append("TensorFlow's tape")
            for row, found_on_tape in zip(rows[1:], self.lesson.tape, strict=True):
                row.append(short(found_on_tape))
        return self.step(
            "The check: nudge every node",
            [
                "Each node's value is nudged by itself and the output computed anew: its slope "
                "must be the gradient, whatever the rules say."
            ],
            table=rows,
        )

    def cost(self) -> Step:
        reverse, forward = self.lesson.backward.work, self.lesson.forward.work
        rows = [["", "passes", "multiplications", "additions"]]
        for name, work in (("reverse mode", reverse), ("forward mode", forward)):
            counted = (work.passes, work.multiplications, work.additions)
            rows.append([name, *(str(each) for each in counted)])
        return self.step(
            "Why backward: the work of both modes",
            counts(self.lesson),
            table=rows,
            code=self.tangents(),
        )

    def tangents(self) -> str:
        """What forward mode computes: each node's derivative with respect to each input."""
        columns = self.graph.inputs[:MOST_COLUMNS]
        rows = [["forward mode", *(f"d/d{self.graph.nodes[each].name}" for each in columns)]]
        for node in self.graph.nodes:
            if self.graph.varying[node.index]:
                found = [
                    self.lesson.forward.tangents[slot][node.index] for slot in range(len(columns))
                ]
                rows.append([node.name, *(short(each) for each in found)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(
                [
                    row[0].ljust(widths[0]),
                    *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
                ]
            )
            for row in rows
        ]
        hidden = len(self.graph.inputs) - len(columns)
        return "\n".join([*lines, *([f"and {hidden} more inputs"] if hidden else [])])
