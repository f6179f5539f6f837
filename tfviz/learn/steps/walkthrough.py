"""The page of a training step: from the loss backwards, layer by layer and, finer, op by op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfviz.draw.figure import shorten
from tfviz.draw.stepping import Step, stepping_page
from tfviz.draw.svg import Svg, text_width
from tfviz.learn.palette import FAINT, GRADIENT, HAIR, INK, VALUE
from tfviz.learn.steps.records import BEHIND, Input, LayerStep, Numbers, OpStep
from tfviz.learn.steps.text import checks, number, shape_text

if TYPE_CHECKING:
    from tfviz.learn.steps.lesson import StepLesson

# Beyond so many ops a page has the layers, and their ops as rows: one layer alone has them all.
MOST_OPS = 250
_WIDTH = 1040


def walkthrough(lesson: StepLesson) -> str:
    """The page as HTML."""
    by_name = {each.name: each for each in lesson.ops}
    fine = len(lesson.ops) <= MOST_OPS
    steps = [] if lesson.opened is not None else [_whole(lesson)]
    for layer in reversed(lesson.layers):
        own = [by_name[name] for name in reversed(layer.ops) if name in by_name]
        if lesson.opened is not None and layer.path != lesson.opened:
            continue
        if not own and not layer.weights:
            continue
        steps.append(_layer(lesson, layer, own, rows=not fine))
        if fine:
            steps += [_op(op) for op in own]
    leaves = [each for each in lesson.ops if each.kind == "Variable"]
    if leaves:
        steps.append(_weights(lesson))
    notes = [*lesson.notes, "Values are blue, gradients orange. The step was computed, not made."]
    if not fine:
        notes.append(
            f"{len(lesson.ops)} ops are too many for one page: those of one layer have a page of "
            f"their own (--layer NAME, .layer(name))."
        )
    title = f"One training step of {lesson.model}"
    if lesson.opened is not None:
        title += f": {lesson.called(lesson.opened)}"
    intro = [
        "From the loss backwards. Each op takes the gradient at its output and, by its local "
        "rule, makes of it the gradients at its inputs: that is all of back-propagation.",
    ]
    return stepping_page(title, steps, intro=intro, notes=notes)


def _whole(lesson: StepLesson) -> Step:
    samples = "1 sample" if lesson.samples == 1 else f"{lesson.samples} samples"
    text = [
        f"The loss is {lesson.loss:.6g} ({lesson.loss_name}) on {samples}. Its gradient by itself "
        f"is 1; from there it goes back through {len(lesson.ops)} of the {lesson.graph_ops} ops of "
        f"the graph. The others compute shapes, constants and random numbers.",
        *[each[0].upper() + each[1:] + "." for each in checks(lesson)],
    ]
    rows = [["layer", "kind", "output", "norm of value", "norm of gradient"]]
    for each in lesson.layers:
        name = lesson.called(each.path) + (f" (call {each.call})" if each.calls > 1 else "")
        rows.append(
            [name, each.kind, _shape(each.output), _norm(each.output), _norm(each.gradient)]
        )
    return Step("The whole step", text=text, table=rows)


def _layer(lesson: StepLesson, layer: LayerStep, own: Sequence[OpStep], *, rows: bool) -> Step:
    name = lesson.called(layer.path)
    title = f"{name} ({layer.kind})" if layer.kind else name
    if layer.calls > 1:
        title += f", call {layer.call} of {layer.calls}"
    text = []
    if layer.path == BEHIND:
        text.append("What comes behind the model: the loss, and what regularizers add to it.")
    elif layer.gradient is not None and layer.output is not None:
        text.append(
            f"Its output {shape_text(layer.output.shape)} has the norm "
            f"{number(layer.output.norm)}; the gradient there has the norm "
            f"{number(layer.gradient.norm)}, and {layer.gradient.zeros:.0%} of it is exactly 0."
        )
    elif layer.output is not None:
        text.append("No gradient comes to its output itself: the loss does not use it.")
    if layer.silent:
        text.append(
            f"{len(own)} ops pass the gradient on; {layer.silent} more of this layer compute "
            f"shapes, constants or what is not trained."
        )
    table: list[list[str]] = []
    if rows:
        table = [["op", "rule", "output", "gradient", "checked"]]
        table += [
            [
                op.kind,
                _forms(op),
                _shape(op.main.value if op.main else None),
                number(op.gradient_norm),
                _tick(op),
            ]
            for op in own
        ]
    picture, told = _chain(own)
    return Step(title, picture, told, text=text, table=table)


def _op(op: OpStep) -> Step:
    text = [f"{op.words[0].upper()}{op.words[1:]}."]
    if not op.known:
        text[0] = f"{op.words}."
    code = []
    for each in op.inputs:
        if each.part is None:
            continue
        if each.formula:
            code.append(f"d{each.letter} = {each.formula}")
        if each.put_in:
            at = f"at [{', '.join(map(str, each.place))}]: " if each.place else ""
            code.append(f"    {at}{each.put_in}")
        if each.follows is not None:
            told = "is TensorFlow's in every number" if each.follows else "is not TensorFlow's"
            code.append(f"    the formula {told} (largest difference {each.off_by:.0e})")
        for nudge in each.nudges:
            at = f" [{', '.join(map(str, nudge.index))}]" if nudge.index else ""
            verdict = {True: "✓", False: "✗", None: f"? {nudge.note}"}[nudge.agrees]
            code.append(
                f"    nudging {each.letter}{at}: {nudge.difference:.6g}, "
                f"gradient {nudge.gradient:.6g}  {verdict}"
            )
        if not each.nudges and each.unchecked:
            code.append(f"    not nudged: {each.unchecked}")
    table = [["", "from", "shape", "norm", "from … to", "mean", "zeros", "first numbers"]]
    for each in op.inputs:
        table.append(_row(each.letter, shorten(each.made_by, 40), each.value))
        if each.part is not None:
            table.append(_row(f"d{each.letter}", "", each.part))
    for i, output in enumerate(op.outputs):
        mark = "" if len(op.outputs) == 1 else f"[{i}]"
        table.append(_row(f"y{mark}", "", output.value))
        if output.gradient is not None:
            table.append(_row(f"dy{mark}", "", output.gradient))
        for use in output.uses:
            table.append(_row("  part of it", f"through {shorten(use.op, 36)}", use.part))
        if output.uses:
            text.append(
                f"{len(output.uses)} ops use this, so {len(output.uses)} gradients come back, and "
                f"they are added up. Their sum is the gradient to {output.sum_off_by:.0e}."
            )
    picture = _node(op)
    told = (
        f"{op.kind} with {len(op.inputs)} inputs; the gradient there is {number(op.gradient_norm)}"
    )
    title = op.kind if op.short == op.kind else f"{op.kind} {op.short}"
    return Step(title, picture, told, text=text, table=table, code="\n".join(code), level=1)


def _weights(lesson: StepLesson) -> Step:
    rows = [["variable", "shape", "norm", "gradient", "update / weight", "loss nudged", ""]]
    for each in lesson.weights:
        if lesson.opened is not None and all(
            each.path not in layer.weights for layer in lesson.layers if layer.path == lesson.opened
        ):
            continue
        nudged = "" if each.nudge is None else f"{each.nudge.difference:.4g}"
        verdict = ""
        if each.nudge is not None:
            verdict = {True: "✓", False: "✗", None: "? " + each.nudge.note}[each.nudge.agrees]
            nudged += f" for {each.nudge.gradient:.4g}"
        rows.append(
            [
                each.path,
                shape_text(each.value.shape),
                number(each.value.norm),
                _norm(each.gradient),
                "" if each.ratio is None else f"{each.ratio:.1e}",
                nudged,
                verdict,
            ]
        )
    text = [
        "Here the gradients end: what tape.gradient(loss, model.trainable_variables) returns.",
        f"Update / weight is that of {lesson.updated_by}. 'Loss nudged': the steepest number of "
        f"the variable was moved and the whole loss computed again.",
    ]
    return Step("The weights", text=text, table=rows)


def _chain(own: Sequence[OpStep]) -> tuple[str, str]:
    """The ops of a layer with the norms of value and gradient, in the order they ran."""
    shown = [op for op in reversed(own) if op.kind != "Variable"]
    if not shown:
        return "", ""
    across, width, height = 4, 236, 92
    lines = (len(shown) + across - 1) // across
    svg = Svg(_WIDTH, lines * height + 14, "the ops of the layer, in the order they ran")
    for i, op in enumerate(shown):
        x, y = 10 + (i % across) * (width + 22), 8 + (i // across) * height
        svg.box(x, y, width, height - 20, fill="#ffffff", stroke=HAIR, radius=8, thick=1.5)
        svg.text(x + 12, y + 23, shorten(op.kind, 21), size=15, bold=True, fill=INK)
        svg.text(x + 12, y + 43, f"y {number(op.value_norm)}", size=14, fill=VALUE)
        svg.text(x + 118, y + 43, f"dy {number(op.gradient_norm)}", size=14, fill=GRADIENT)
        svg.text(x + 12, y + 62, shorten(_forms(op), 32), size=13, fill=FAINT)
    told = "; ".join(
        f"{op.kind}: value {number(op.value_norm)}, gradient {number(op.gradient_norm)}"
        for op in shown
    )
    return str(svg), f"Ops in the order they ran. {told}."


def _node(op: OpStep) -> str:
    """One op: what it was given on the left, what it made on the right, gradients below values."""
    inputs = [each for each in op.inputs if each.part is not None] or list(op.inputs[:1])
    rows = max(1, len(inputs), len(op.outputs))
    shown = min(rows, 5)
    svg = Svg(_WIDTH, 78 * shown + 16, f"{op.kind}: values above, gradients below")
    middle = 78 * shown / 2 + 8
    box = max(150, text_width(op.kind, 18) + 40)
    left, right = (_WIDTH - box) / 2, (_WIDTH + box) / 2
    svg.box(left, middle - 26, box, 52, fill="#f6f8fa", stroke=INK, radius=26, thick=1.5)
    svg.text(_WIDTH / 2, middle + 6, op.kind, size=18, anchor="middle", bold=True)
    for i, each in enumerate(inputs[:5]):
        y = 8 + 78 * i + 39 + (shown - min(len(inputs), 5)) * 39
        name = shorten(each.made_by.rsplit("/", 1)[-1], 18)
        start = 16 + max(170, text_width(f"{name}{shape_text(each.value.shape)}", 14) + 40)
        svg.curve((start, y), (left - 4, middle), stroke=FAINT, arrow=True)
        _ends(svg, 16, y, each.letter, each.value, each.part, name)
    for i, output in enumerate(op.outputs[:5]):
        y = 8 + 78 * i + 39 + (shown - min(len(op.outputs), 5)) * 39
        svg.curve((right, middle), (_WIDTH - 296, y), stroke=FAINT, arrow=True)
        _ends(svg, _WIDTH - 286, y, "y", output.value, output.gradient, "")
    return str(svg)


def _ends(
    svg: Svg, x: float, y: float, letter: str, value: Numbers, gradient: Numbers | None, name: str
) -> None:
    shape = shape_text(value.shape)
    head = f"{letter}  {name}  {shape}" if name else f"{letter}  {shape}"
    svg.text(x, y - 16, shorten(head, 34), size=14, fill=INK)
    svg.text(x, y + 4, f"|{letter}| {number(value.norm)}", size=15, fill=VALUE)
    told = "no gradient" if gradient is None else f"|d{letter}| {number(gradient.norm)}"
    svg.text(x, y + 24, told, size=15, fill=GRADIENT if gradient else FAINT)


def _row(letter: str, name: str, numbers: Numbers) -> list[str]:
    first = ", ".join(f"{each:.3g}" for each in numbers.first[:4])
    return [
        letter,
        name,
        shape_text(numbers.shape),
        number(numbers.norm),
        f"{number(numbers.low)} … {number(numbers.high)}",
        number(numbers.mean),
        f"{numbers.zeros:.0%}",
        first + (" …" if len(numbers.first) > 4 else ""),
    ]


def _made(op: OpStep) -> str:
    return _shape(None if op.main is None else op.main.value)


def _forms(op: OpStep) -> str:
    forms: list[Input] = [each for each in op.inputs if each.formula]
    return ", ".join(f"d{each.letter} = {each.formula}" for each in forms) or op.words


def _tick(op: OpStep) -> str:
    return {True: "✓", False: "✗", None: ""}[op.checked]


def _shape(numbers: Numbers | None) -> str:
    return "" if numbers is None else shape_text(numbers.shape)


def _norm(numbers: Numbers | None) -> str:
    return "–" if numbers is None else number(numbers.norm)
