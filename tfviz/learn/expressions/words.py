"""A graph's formulas with names and with numbers, and what the terminal shows of them.

Plain ASCII here, so that it passes through every pipe; `mathematical` turns it into what a page
can show.
"""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING

from tfviz.learn.expressions.graph import Node
from tfviz.learn.expressions.passes import Share
from tfviz.learn.expressions.place import underlined
from tfviz.learn.expressions.rules import RULES, filled, short

if TYPE_CHECKING:
    from tfviz.learn.expressions.lesson import Backprop

WIDTH = 80
WHERE_FROM = 26
VERDICTS = {
    "ok": "ok",
    "kink": "kink",
    "one side": "one side",
    "none": "-",
    "unclear": "unclear",
    "no": "DIFFERS",
}


def number(value: float) -> str:
    """Six digits, or a dash where there is no number."""
    return "-" if math.isnan(value) else short(value)


def nudged(lesson: Backprop, index: int) -> str:
    """The central difference; both sides' slopes at a kink; noise around a gradient of 0 as ~0."""
    found = lesson.differences[index]
    if found.verdict == "kink":
        return f"{short(found.left)} | {short(found.right)}"
    noise = lesson.backward.gradients[index] == 0 and found.verdict == "ok" and found.slope != 0
    return "~0" if noise else number(found.slope)


def slope_name(lesson: Backprop, index: int) -> str:
    """'de/db': the derivative of the output with respect to a node, along all ways."""
    nodes = lesson.graph.nodes
    return f"d{nodes[lesson.graph.output].name}/d{nodes[index].name}"


def local_name(lesson: Backprop, index: int, share: Share) -> str:
    """'dn1/db': the derivative of a child with respect to a node, through one argument alone.

    Where that is not all of the child's derivative, the name says so: of c * c the left factor
    gives c, and not 2 c; of an output n1 + c, in which n1 needs c too, the direct way gives 1.
    """
    nodes, shares = lesson.graph.nodes, lesson.backward.shares[index]
    name = f"d{nodes[share.child].name}/d{nodes[index].name}"
    if sum(each.child == share.child for each in shares) > 1:
        return f"{name} ({('left', 'right')[share.slot]})"
    if any(_needs(lesson, share.child, each.child) for each in shares):
        return f"{name} (direct)"
    return name


def _needs(lesson: Backprop, index: int, other: int) -> bool:
    """Whether a node is computed from another, by whatever way."""
    above = {other}
    for node in lesson.graph.nodes[other + 1 : index + 1]:
        if above.intersection(node.parents):
            above.add(node.index)
    return index in above and index != other


def computed(lesson: Backprop, node: Node) -> str:
    """'n1 = a + b = 2 + 1 = 3'."""
    values = [short(lesson.values[each]) for each in node.parents]
    parts = [node.name]
    if node.parents:
        parts += [
            lesson.graph.written(node),
            filled(RULES[node.op].written, values[0], values[-1]),
        ]
    parts.append(short(lesson.values[node.index]))
    return " = ".join(dict.fromkeys(parts))


def local_rule(lesson: Backprop, share: Share) -> tuple[str, str]:
    """The local derivative that a share goes through: in names, and in numbers."""
    child = lesson.graph.nodes[share.child]
    template = RULES[child.op].symbols[share.slot]
    names = [lesson.graph.nodes[each].name for each in child.parents]
    values = [short(lesson.values[each]) for each in child.parents]
    return (
        filled(template, names[0], names[-1], child.name),
        filled(template, values[0], values[-1], short(lesson.values[child.index])),
    )


def local_line(lesson: Backprop, share: Share, index: int) -> str:
    """'de/dn1 = n2 = 2'."""
    parts = [*local_rule(lesson, share), short(share.local)]
    return " = ".join([local_name(lesson, index, share), *dict.fromkeys(parts)])


def sum_of_shares(lesson: Backprop, index: int) -> tuple[str, str]:
    """A gradient as the sum over children: in names, and with the numbers put in."""
    shares = lesson.backward.shares[index]
    names = " + ".join(
        f"{slope_name(lesson, each.child)} * {local_name(lesson, index, each)}" for each in shares
    )
    numbers = " + ".join(
        filled("{a} * {b}", short(each.upstream), short(each.local)) for each in shares
    )
    return (
        f"{slope_name(lesson, index)} = {names}",
        f"{numbers} = {short(lesson.backward.gradients[index])}",
    )


def check_words(lesson: Backprop, index: int) -> str:
    """What nudging the node says about its gradient, in a sentence."""
    node, found = lesson.graph.nodes[index], lesson.differences[index]
    gradient = number(lesson.backward.gradients[index])
    if found.verdict == "none":
        return f"{node.name} can't be nudged here, so there is no difference to compare with."
    if found.verdict == "unclear":
        return f"What nudging {node.name} changes is lost in rounding, so it can't tell."
    if found.verdict == "kink":
        return (
            f"Nudging {node.name} moves the output by {short(found.left)} times the nudge on the "
            f"left and {short(found.right)} times on the right: a kink, and {gradient} is the "
            "convention."
        )
    if found.verdict == "one side":
        side = "right" if math.isnan(found.left) else "left"
        return (
            f"{node.name} can be nudged to the {side} only; the output moves by "
            f"{short(found.slope)} times the nudge."
        )
    agrees = "as it should" if found.verdict == "ok" else f"and not {gradient}"
    return (
        f"Nudging {node.name} a little to both sides moves the output by {nudged(lesson, index)} "
        f"times the nudge, {agrees}."
    )


def counts(lesson: Backprop) -> list[str]:
    """What both modes did, and what that means."""
    reverse, forward = lesson.backward.work, lesson.forward.work
    inputs = len(lesson.graph.inputs)
    several = "both inputs" if inputs == 2 else f"all {inputs} inputs"
    whole = "the input" if inputs == 1 else f"{several} at once"
    lines = [
        f"Reverse mode: 1 pass back gives the gradients of {whole}: "
        f"{_many(reverse.multiplications, 'multiplication')}, "
        f"{_many(reverse.additions, 'addition')}.",
        f"Forward mode: {_many(forward.passes, 'pass')}, one for each input, give the same: "
        f"{_many(forward.multiplications, 'multiplication')}, "
        f"{_many(forward.additions, 'addition')}.",
    ]
    saved = forward.multiplications - reverse.multiplications
    if inputs == 1:
        lines.append(
            "With one input both go through the graph once, and reverse mode saves nothing. It "
            "does as soon as there are more inputs: a net has as many as it has weights."
        )
    elif saved > 0:
        lines.append(
            f"Reverse saves {_many(saved, 'multiplication')} because what lies near the output "
            "is walked once and not once for each input. A net with a million weights would need "
            "a million forward passes, and one backward."
        )
    else:
        lines.append(
            "Here the ways from the inputs share nothing, so reverse mode saves no "
            "multiplication; it saves passes, and work as soon as the ways come together."
        )
    return lines


def collapse_lines(lesson: Backprop) -> list[str]:
    """For each sigmoid that is written out: its chain of local rules, and the short form."""
    lines = []
    for each in lesson.collapses:
        y, x = (lesson.graph.nodes[i].name for i in (each.output, each.argument))
        chain = " * ".join(f"({short(s)})" if s < 0 else short(s) for s in reversed(each.locals))
        y_value = short(each.y)
        lines.append(
            f"{y} is a sigmoid of {x}, written out. Its {len(each.chain)} local rules multiply to "
            f"d{y}/d{x} = {chain} = {short(each.product)}; the collapsed rule gives the same at "
            f"once: {y} * (1 - {y}) = {y_value} * (1 - {y_value}) = {short(each.short_form)}."
        )
    return lines


def told(lesson: Backprop) -> str:
    """All of it, for a terminal of 80 columns."""
    graph = lesson.graph
    given = ", ".join(
        f"{graph.nodes[each].name} = {short(lesson.values[each])}" for each in graph.inputs
    )
    lines = [*_wrapped(lesson.expression.strip(), "", "  "), *_wrapped(given, "at ", "   "), ""]
    lines += _table(lesson)
    lines += ["", "Backward: a gradient is the sum over the children of gradient * local rule."]
    for node in reversed(graph.nodes):
        lines += _backward_lines(lesson, node)
    lines += ["", "The local rules used:"]
    for op in dict.fromkeys(node.op for node in graph.nodes if node.op in RULES):
        lines += _wrapped(RULES[op].words, f"  {RULES[op].sign:<8}", " " * 10)
    for each in lesson.kinks:
        node = graph.nodes[each.node]
        lines += ["", *_wrapped(each.note, "", "")]
        lines.append(underlined(graph.source, node.start, node.end))
    for line in [*remarks(lesson), *collapse_lines(lesson)]:
        lines += ["", *_wrapped(line, "", "")]
    lines.append("")
    for line in counts(lesson):
        lines += _wrapped(line, "", "  ")
    return "\n".join(lines)


def remarks(lesson: Backprop) -> list[str]:
    """What to make of ticks that aren't ok."""
    verdicts = {each.verdict for each in lesson.differences}
    lines = []
    if "no" in verdicts:
        lines.append(
            "Where the tick says DIFFERS, the gradient is what a framework computes and not the "
            "slope: conventions at several kinks can add up to that, and so can numbers too "
            "large or too small for float64 on the way."
        )
    if "unclear" in verdicts:
        lines.append(
            "Where the tick says unclear, what a nudge changes is lost in rounding, and it can't "
            "tell."
        )
    return lines


def _table(lesson: Backprop) -> list[str]:
    rows = [["node", "is", "value", "gradient", "nudged", "tick"]]
    if lesson.tape is not None:
        rows[0].append("tape")
    for node in lesson.graph.nodes:
        found = lesson.differences[node.index]
        what = {"input": "given", "constant": "constant"}.get(node.op)
        rows.append(
            [
                node.name,
                _cut(what or lesson.graph.written(node), WHERE_FROM),
                short(lesson.values[node.index]),
                number(lesson.backward.gradients[node.index]),
                nudged(lesson, node.index),
                VERDICTS[found.verdict],
            ]
        )
        if lesson.tape is not None:
            rows[-1].append(short(lesson.tape[node.index]))
    right = {2, 3, 4, 6}
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _backward_lines(lesson: Backprop, node: Node) -> list[str]:
    index = node.index
    if not lesson.graph.varying[index]:
        return []
    name = f"  {node.name:<5} "
    room = " " * len(name)
    if index == lesson.graph.output:
        return _wrapped(f"{slope_name(lesson, index)} = 1, to begin with", name, room)
    shares = lesson.backward.shares[index]
    if not shares:
        return _wrapped("0: the output doesn't depend on it", name, room)
    lines: list[str] = []
    for each in shares:
        child = lesson.graph.nodes[each.child]
        text = f"{child.name} = {lesson.graph.written(child)}:  {local_line(lesson, each, index)}"
        lines += _wrapped(text, room if lines else name, room + "  ")
    names, numbers = sum_of_shares(lesson, index)
    whole = f"{names} = {numbers}"
    if len(room) + len(whole) <= WIDTH:
        return [*lines, f"{room}{whole}"]
    indent = room + " " * len(slope_name(lesson, index)) + " "
    return [*lines, *_wrapped(names, room, indent), *_wrapped(f"= {numbers}", indent, indent)]


def _wrapped(text: str, first: str, others: str) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=others if lines else first,
            subsequent_indent=others,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return lines


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _many(count: int, what: str) -> str:
    ending = "es" if what.endswith("s") else "s"
    return f"{count} {what if count == 1 else what + ending}"


def mathematical(text: str) -> str:
    """Formulas of ours as a page shows them: a dot for times, ∂, a true minus, a raised 2."""
    # A minus that follows no name or number is a sign; a hyphen between letters stays one.
    signed = re.sub(r"(?<![\w)])-(?=[\w(.])|(?<= )-(?= )", "−", text)
    squared = re.sub(r"\*\*2(?![\d.])", "²", signed)
    round_d = re.sub(r"\bd(\w+)/d(\w+)", r"∂\1/∂\2", squared)
    return round_d.replace(" * ", " · ")
