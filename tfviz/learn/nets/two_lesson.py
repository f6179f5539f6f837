"""The worked 2-2-2 net as a lesson: every number of one step, and what many steps come to."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfviz.learn.lesson import Lesson
from tfviz.learn.nets import two_two_two as net
from tfviz.learn.nets.numbers import checked, counted, one_number, spread
from tfviz.learn.nets.story import Chapter, chapters, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = (*(f"w{i}" for i in range(1, 9)), "b1", "b2")
WIDTH = 80
TELL = (0, 1, 10, 100, 1000, 10_000, 100_000)


@dataclass(frozen=True)
class TwoTwoTwo(Lesson):
    """What `worked_net("2-2-2")` found.

    Attributes:
        inputs: i1, i2.
        targets: t1, t2.
        weights: w1 to w8, before the step.
        biases: b1, b2, before the step.
        rate: The learning rate.
        update_bias: Whether the biases learn.
        forward: The forward pass.
        gradients: The backward pass.
        new_weights: w1 to w8 after one step.
        moved_biases: b1 and b2 after one step, if they learn.
        error_after: The error after one step.
        differences: dE/dw1 to dE/dw8, dE/db1, dE/db2 by central differences.
        training: Many steps, as asked.
        other_bias: The same steps with biases that learn, or don't if they did.
        output_first: The same steps with w5 to w8 updated before the error is sent back.
        tape: The gradients by TensorFlow's tape; None where it wasn't asked.
    """

    inputs: net.Pair
    targets: net.Pair
    weights: tuple[float, ...]
    biases: net.Pair
    rate: float
    update_bias: bool
    forward: net.Forward
    gradients: net.Gradients
    new_weights: tuple[float, ...]
    moved_biases: net.Pair
    error_after: float
    differences: tuple[float, ...]
    training: net.Training
    other_bias: net.Training
    output_first: net.Training
    tape: tuple[float, ...] | None = None
    name: str = "net-2-2-2"

    @property
    def steps(self) -> int:
        """How many steps were trained."""
        return len(self.training.errors) - 1

    def chapters(self) -> list[Chapter]:
        """Each step by hand: formula, numbers put in, result."""
        return chapters(self)

    def numbers(self) -> dict[str, Any]:
        """All of it; of the training the errors at steps spread out evenly over powers of ten."""
        gradients = (*self.gradients.weights, *self.gradients.biases)
        return {
            "inputs": self.inputs,
            "targets": self.targets,
            "weights": self.weights,
            "biases": self.biases,
            "rate": self.rate,
            "update_bias": self.update_bias,
            "forward": self.forward._asdict(),
            "gradients": dict(zip(NAMES, gradients, strict=True)),
            "deltas": {
                "output": self.gradients.output_delta,
                "hidden": self.gradients.hidden_delta,
            },
            "new_weights": dict(zip(NAMES, self.new_weights, strict=False)),
            "moved_biases": dict(zip(NAMES[8:], self.moved_biases, strict=True)),
            "error_after_one_step": self.error_after,
            "differences": dict(zip(NAMES, self.differences, strict=True)),
            "tape": None if self.tape is None else dict(zip(NAMES, self.tape, strict=True)),
            "training": _told(self.training),
            "training_other_bias": _told(self.other_bias),
            "training_output_first": _told(self.output_first),
            "chapters": self.chapters(),
        }

    def figure(self) -> Figure:
        """The net with its weights before and after the step."""
        from tfviz.learn.expressions.canvas import as_figure
        from tfviz.learn.nets.picture import SIZE, draw_net

        return as_figure(lambda canvas: draw_net(canvas, self), *SIZE)

    def svg(self) -> str:
        """The net with its weights before and after the step."""
        from tfviz.learn.expressions.canvas import as_svg
        from tfviz.learn.nets.picture import SIZE, draw_net

        return as_svg(lambda canvas: draw_net(canvas, self), *SIZE, title="A net of 2-2-2 sigmoids")

    def page(self) -> str:
        """Chapter by chapter."""
        from tfviz.learn.nets.two_page import page

        return page(self)

    def formats(self) -> tuple[str, ...]:
        """What this lesson can be saved as."""
        return ("png", "svg", "html", "json")

    def __str__(self) -> str:
        lines = [
            f"A net of 2-2-2 sigmoids, learning rate {short(self.rate)}",
            f"inputs {_row(self.inputs)}   targets {_row(self.targets)}",
        ]
        for chapter in self.chapters():
            lines += ["", chapter.title]
            for line in chapter.lines:
                lines += _equation(line.name, line.formula, line.numbers, line.result)
        lines += ["", *self._check(), "", *self._training()]
        return "\n".join(lines)

    def _check(self) -> list[str]:
        tape = "" if self.tape is None else f"{'the tape':>18}"
        lines = [
            "One step in a table, and each gradient checked by nudging its weight",
            f"  {'':4}{'before':>10}{'gradient':>16}{'nudged':>16}{'after':>14}{tape}",
        ]
        gradients = (*self.gradients.weights, *self.gradients.biases)
        before, after = (*self.weights, *self.biases), (*self.new_weights, *self.moved_biases)
        for index, name in enumerate(NAMES):
            still = index >= 8 and not self.update_bias
            told = "(stays)" if still else short(after[index])
            tape = "" if self.tape is None else f"{short(self.tape[index]):>18}"
            lines.append(
                f"  {name:4}{short(before[index]):>10}{short(gradients[index]):>16}"
                f"{short(self.differences[index]):>16}{told:>14}{tape}"
            )
        lines.append(f"  error {short(self.forward.error)} before, {short(self.error_after)} after")
        return lines

    def _training(self) -> list[str]:
        learn = ("fixed", "learning") if not self.update_bias else ("learning", "fixed")
        lines = [
            f"Step after step: the error, with the biases {learn[0]} and {learn[1]}",
            f"  {'steps':>7}{'biases ' + learn[0]:>18}{'biases ' + learn[1]:>18}",
        ]
        for step in sorted({*(each for each in TELL if each < self.steps), self.steps}):
            lines.append(
                f"  {step:>7}{short(self.training.errors[step]):>18}"
                f"{short(self.other_bias.errors[step]):>18}"
            )
        lines.append(f"  outputs {_row(self.training.output)}, targets {_row(self.targets)}")
        return [*lines, "", *textwrap.wrap(self.remark(), WIDTH)]

    def remark(self) -> str:
        """On programs that update the output layer first."""
        return (
            "Some programs update w5 to w8 first and send the error back through the new ones. "
            f"That is no gradient of one error, and comes to {short(self.output_first.errors[-1])} "
            f"with outputs {_row(self.output_first.output)} after {_steps(self.steps)}."
        )


def two_two_two(
    *,
    inputs: Sequence[float] = net.INPUTS,
    targets: Sequence[float] = net.TARGETS,
    weights: Sequence[float] = net.WEIGHTS,
    biases: Sequence[float] = net.BIASES,
    rate: float = net.RATE,
    steps: int = net.STEPS,
    update_bias: bool = False,
    tape: bool = False,
) -> TwoTwoTwo:
    """Works out one step of the 2-2-2 net by hand, then trains it; see `worked_net`."""
    inputs = checked(inputs, 2, "inputs")
    targets = checked(targets, 2, "targets", within=(0.0, 1.0))
    weights, biases = checked(weights, 8, "weights"), checked(biases, 2, "biases")
    rate, steps = one_number(rate, "rate"), counted(steps, "steps")
    at = net.forward(inputs, targets, weights, biases)
    found = net.backward(inputs, targets, weights, at)
    new = net.descend(weights, found.weights, rate)
    b1, b2 = net.descend(biases, found.biases, rate)
    own, other, output_first = (
        net.train(
            inputs,
            targets,
            weights,
            biases,
            rate=rate,
            steps=steps,
            update_bias=learns,
            output_first=first,
        )
        for learns, first in ((update_bias, False), (not update_bias, False), (update_bias, True))
    )
    return TwoTwoTwo(
        (inputs[0], inputs[1]),
        (targets[0], targets[1]),
        weights,
        (biases[0], biases[1]),
        rate,
        update_bias,
        at,
        found,
        tuple(new),
        (b1, b2),
        net.forward(inputs, targets, new, (b1, b2) if update_bias else biases).error,
        net.nudged(inputs, targets, weights, biases),
        own,
        other,
        output_first,
        tape=net.on_tape(inputs, targets, weights, biases) if tape else None,
    )


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"


def _told(training: net.Training) -> dict[str, Any]:
    """A training whose errors are thinned out: every step would be a megabyte of them."""
    steps = [0, *spread(len(training.errors) - 1)]
    return {
        "steps": steps,
        "errors": [training.errors[each] for each in steps],
        "output": training.output,
        "weights": training.weights,
        "biases": training.biases,
    }


def _row(numbers: Sequence[float]) -> str:
    return ", ".join(short(each) for each in numbers)


def _equation(name: str, formula: str, numbers: str, result: float) -> list[str]:
    first = f"  {name:<11}= {formula}"
    second = f"  {'':11}= {numbers} = {short(result)}"
    if len(second) <= WIDTH:
        return [first, second]
    return [first, f"  {'':11}= {numbers}", f"  {'':11}= {short(result)}"]
