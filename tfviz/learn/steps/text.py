"""A training step as the terminal shows it, in at most 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tfviz.draw.figure import shorten
from tfviz.learn.steps.records import BEHIND, Input, LayerStep, Numbers, OpStep

if TYPE_CHECKING:
    from tfviz.learn.steps.lesson import StepLesson

WIDTH = 80
NAME, SHAPE, NUMBER = 34, 15, 9


def in_text(lesson: StepLesson) -> str:
    """The tree of layers; or, of a lesson narrowed to one layer, its ops."""
    samples = "1 sample" if lesson.samples == 1 else f"{lesson.samples} samples"
    lines = [
        f"One training step of '{lesson.model}' on {samples}",
        f"loss {lesson.loss:.6g} ({lesson.loss_name})",
        "",
    ]
    lines += _tree(lesson) if lesson.opened is None else _ops(lesson)
    lines += ["", *checks(lesson)]
    if lesson.opened is None:
        lines.append(
            _wrapped(
                f"upd/wt: update over weights, norms of all the layer has; of {lesson.updated_by}"
            )
        )
    lines += [_wrapped(each) for each in lesson.notes]
    return "\n".join(lines)


def checks(lesson: StepLesson) -> list[str]:
    """How the checks went, in sentences."""
    found = lesson.numbers()["checks"]
    lines = []
    if found["formulas"]:
        lines.append(
            f"formulas: {found['formulas_right']} of {found['formulas']} give TensorFlow's numbers"
        )
    if found["finite_differences"]:
        text = (
            f"finite differences: {found['agree']} of {found['finite_differences']} agree with "
            f"the gradient"
        )
        if found["cannot_tell"]:
            text += f", {found['cannot_tell']} can't tell"
        if found["differ"]:
            text += f", {found['differ']} differ"
        lines.append(_wrapped(text))
    return lines


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in words: 'scalar', '32x32x3'."""
    return "x".join(str(each) for each in shape) or "scalar"


def number(value: float | None) -> str:
    """A number in four digits, a dash where there is none."""
    return "-" if value is None else f"{value:.4g}"


def mark(op: OpStep) -> str:
    """Whether the finite differences of an op agree."""
    return {True: "ok", False: "differs", None: ""}[op.checked]


def _tree(lesson: StepLesson) -> list[str]:
    head = (
        f"{'layer':<{NAME}}{'output':>{SHAPE}}{'|value|':>{NUMBER + 1}}{'|grad|':>{NUMBER + 1}}"
        f"{'upd/wt':>{NUMBER + 1}}"
    )
    lines = [head]
    # What lies inside a layer that was called again looks the same; one line says so.
    for each in lesson.layers:
        lines.append(
            f"{_indented(lesson, each):<{NAME}}{_shape(each.output):>{SHAPE}}"
            f"{_norm(each.output):>{NUMBER + 1}}{_norm(each.gradient):>{NUMBER + 1}}"
            f"{'' if each.ratio is None else f'{each.ratio:.1e}':>{NUMBER + 1}}".rstrip()
        )
    return lines


def _indented(lesson: StepLesson, each: LayerStep) -> str:
    name = lesson.called(each.path).rsplit("/", 1)[-1]
    if each.calls > 1:
        name += f" (call {each.call})"
    indent = "  " * min(each.depth, 6)
    kind = f" {each.kind}" if each.kind and each.path else ""
    room = NAME - 1 - len(indent)
    whole = f"{name}{kind}"
    return indent + (whole if len(whole) <= room else shorten(name, room))


def _ops(lesson: StepLesson) -> list[str]:
    path = lesson.opened or ""
    name = "the loss" if path == BEHIND else f"layer '{lesson.called(path)}'"
    if not lesson.ops:
        return [f"No gradient goes through any op of {name}."]
    lines = [f"The ops of {name}, from the loss backwards", ""]
    for op in reversed(lesson.ops):
        found = op.main
        title = f"{op.kind} {op.short}" if op.short != op.kind else op.kind
        shape = "" if found is None else shape_text(found.value.shape)
        lines.append(f"{shorten(title, 40):<40} {shape:>14}   |y| {number(op.value_norm)}")
        lines.append(f"    dy: {_told(None if found is None else found.gradient)}")
        for use in () if found is None else found.uses:
            lines.append(f"      {number(use.part.norm):>10}  through {shorten(use.op, 54)}")
        if op.inputs:
            lines.append(_wrapped(op.words, "    "))
        for each in op.inputs:
            lines += _input(each)
        lines.append("")
    return lines[:-1]


def _input(each: Input) -> list[str]:
    if each.part is None:
        return []
    form = f" = {each.formula}" if each.formula else ""
    told = {True: "  = TensorFlow's", False: "  NOT TensorFlow's", None: ""}[each.follows]
    lines = [
        _wrapped(f"d{each.letter}{form}{told}   |d{each.letter}| {number(each.part.norm)}", "    ")
    ]
    if each.put_in:
        at = f"at [{', '.join(map(str, each.place))}]: " if each.place else ""
        lines.append(_wrapped(f"{at}{each.put_in}", "      "))
    for nudge in each.nudges[:1]:
        verdict = {True: "ok", False: "DIFFERS", None: nudge.note}[nudge.agrees]
        lines.append(
            _wrapped(
                f"nudged: {nudge.difference:.6g}, gradient {nudge.gradient:.6g}, {verdict}",
                "      ",
            )
        )
    if not each.nudges and each.unchecked and each.unchecked != "not asked for":
        lines.append(_wrapped(f"not nudged: {each.unchecked}", "      "))
    return lines


def _told(numbers: Numbers | None) -> str:
    if numbers is None:
        return "inside of a list or a loop"
    zeros = f", {numbers.zeros:.0%} zeros" if numbers.zeros else ""
    return (
        f"norm {number(numbers.norm)}, from {number(numbers.low)} to {number(numbers.high)}{zeros}"
    )


def _shape(numbers: Numbers | None) -> str:
    return "" if numbers is None else shorten(shape_text(numbers.shape), SHAPE - 1)


def _norm(numbers: Numbers | None) -> str:
    return "-" if numbers is None else number(numbers.norm)


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )
