"""The worked 2-2-2 net as a page to step through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfviz.draw.stepping import Step, stepping_page
from tfviz.learn.expressions.canvas import as_svg
from tfviz.learn.expressions.words import mathematical
from tfviz.learn.nets.picture import LEAST_STEPS, SIZE, draw_errors, draw_net
from tfviz.learn.nets.story import Chapter, short
from tfviz.learn.palette import BLUE, GREEN

if TYPE_CHECKING:
    from tfviz.learn.nets.two_lesson import TwoTwoTwo

CURVE = (1000.0, 460.0)


def page(lesson: TwoTwoTwo) -> str:
    """One step a chapter, then the training."""
    seen: set[str] = set()
    new: set[str] = set()
    steps = []
    for chapter in lesson.chapters():
        seen |= set(chapter.units)
        new |= {line.name[4:] for line in chapter.lines if line.name.startswith("new ")}
        steps.append(_step(lesson, chapter, set(seen), set(new)))
    steps += [_table(lesson), _curve(lesson)]
    return stepping_page(
        "Back-propagation through a 2-2-2 net, by hand",
        steps,
        intro=[
            "Two inputs, two hidden units, two outputs, all sigmoids; one sample, one step of "
            "gradient descent with every number put in."
        ],
        notes=[lesson.remark()],
        data=lesson.to_dict(),
    )


def _picture(lesson: TwoTwoTwo, chapter: Chapter | None, seen: set[str], new: set[str]) -> str:
    return as_svg(
        lambda canvas: draw_net(
            canvas,
            lesson,
            units=chapter.units if chapter else (),
            wires=chapter.wires if chapter else (),
            back=chapter.back if chapter else False,
            values=seen if chapter else None,
            new=new if chapter else None,
        ),
        *SIZE,
        title="",
    )


def _step(lesson: TwoTwoTwo, chapter: Chapter, seen: set[str], new: set[str]) -> Step:
    rows = [["", "formula", "numbers put in", "result"]]
    for line in chapter.lines:
        cells = [line.name, line.formula, line.numbers, short(line.result)]
        rows.append([mathematical(each) for each in cells])
    told = ", ".join(f"{line.name} is {short(line.result)}" for line in chapter.lines)
    marked = ", ".join([*chapter.units, *chapter.wires])
    return Step(
        chapter.title,
        _picture(lesson, chapter, seen, new),
        f"The net; marked are {marked}. {told}.",
        [mathematical(chapter.text)],
        rows,
    )


def _table(lesson: TwoTwoTwo) -> Step:
    head = ["", "before", "gradient", "by nudging it", "after"]
    rows = [head if lesson.tape is None else [*head, "TensorFlow's tape"]]
    gradients = (*lesson.gradients.weights, *lesson.gradients.biases)
    after = [short(each) for each in (*lesson.new_weights, *lesson.moved_biases)]
    for index, name in enumerate([*(f"w{i}" for i in range(1, 9)), "b1", "b2"]):
        stays = index >= 8 and not lesson.update_bias
        row = [
            name,
            short((*lesson.weights, *lesson.biases)[index]),
            short(gradients[index]),
            short(lesson.differences[index]),
            f"stays (would be {after[index]})" if stays else after[index],
        ]
        rows.append(row if lesson.tape is None else [*row, short(lesson.tape[index])])
    return Step(
        "The whole step, checked",
        _picture(lesson, None, set(), set()),
        f"The net with all weights before and after the step. The error falls from "
        f"{short(lesson.forward.error)} to {short(lesson.error_after)}.",
        [
            f"The error falls from {short(lesson.forward.error)} to {short(lesson.error_after)}. "
            "Nudging each weight a little to both sides gives the same gradients."
        ],
        [[mathematical(each) for each in row] for row in rows],
    )


def _curve(lesson: TwoTwoTwo) -> Step:
    labels = ("biases fixed", "biases learn")
    own, other = labels[lesson.update_bias], labels[not lesson.update_bias]
    curves = [
        (own, BLUE, lesson.training.errors),
        (other, GREEN, lesson.other_bias.errors),
    ]
    ends = [short(lesson.training.errors[-1]), short(lesson.other_bias.errors[-1])]
    rows = [
        ["", f"error after {lesson.steps:,} steps", "outputs"],
        [own, ends[0], ", ".join(short(each) for each in lesson.training.output)],
        [other, ends[1], ", ".join(short(each) for each in lesson.other_bias.output)],
        [
            "w5 to w8 updated first",
            short(lesson.output_first.errors[-1]),
            ", ".join(short(each) for each in lesson.output_first.output),
        ],
    ]
    return Step(
        f"And again, {lesson.steps:,} times",
        as_svg(lambda canvas: draw_errors(canvas, curves, CURVE), *CURVE, title="")
        if lesson.steps >= LEAST_STEPS
        else "",
        f"The error against the number of steps, both in powers of ten: after {lesson.steps:,} "
        f"steps {ends[0]} with {own}, {ends[1]} with {other}.",
        [f"The error goes on falling, ever more slowly: {ends[0]} with {own}."],
        rows,
    )
