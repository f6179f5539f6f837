"""`tape`: zero-grad, backward and step, and what happens when one is forgotten."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tfviz.learn.lesson import Lesson
from tfviz.learn.tapes.line import RATE, STEPS, right_losses
from tfviz.learn.tapes.mistake import Mistake
from tfviz.learn.tapes.mistakes import all_mistakes
from tfviz.learn.tapes.words import WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 80
SHOWN = (0, 1, 2, 3, 5, 10, STEPS)


@dataclass(frozen=True)
class TapeLesson(Lesson):
    """A tape loop done right, and the same loop with each of the usual slips.

    Attributes:
        name: Names of files.
        right: The losses of the right loop, before each step and after the last.
        mistakes: What was done wrong, with what came of it.
    """

    name: str
    right: tuple[float, ...]
    mistakes: tuple[Mistake, ...]

    def numbers(self) -> dict[str, Any]:
        """Losses right and wrong, and what TensorFlow said."""
        return {
            "rate": RATE,
            "steps": STEPS,
            "words": [
                dict(zip(("what", "torch", "tensorflow"), row, strict=True)) for row in WORDS[1:]
            ],
            "right": self.right,
            "mistakes": {each.name: each for each in self.mistakes},
        }

    def figure(self) -> Figure:
        """The loss of the right loop and of each wrong one."""
        from tfviz.learn.tapes.picture import curves

        return curves(self)

    def page(self) -> str:
        """The right loop, then one mistake a step."""
        from tfviz.learn.tapes.walkthrough import walkthrough

        return walkthrough(self)

    def __str__(self) -> str:
        lines = ["A training step in two languages", ""]
        for what, torch, tensorflow in WORDS[1:]:
            lines += [what, f"  PyTorch     {torch}", *_hung("  TensorFlow  ", tensorflow)]
        lines += ["", f"Loss of a line fitted at rate {RATE:g}, right and wrong", ""]
        lines.append(f"{'after step':<16}" + "".join(f"{each:>9}" for each in SHOWN))
        lines.append(_row("right", self.right))
        lines += [_row(each.name, each.losses) for each in self.mistakes if each.losses]
        for each in self.mistakes:
            lines += ["", each.title]
            lines += textwrap.wrap(each.happens, WIDTH, initial_indent="  ", subsequent_indent="  ")
            for what, value in each.facts.items():
                lines.append(f"  {what}: {told(value)}")
            if each.error:
                lines += textwrap.wrap(
                    each.error, WIDTH, initial_indent="  ", subsequent_indent="    "
                )
        return "\n".join(lines)


def tape() -> TapeLesson:
    """Run a tape loop right, and wrong in ten ways.

    Returns:
        A `TapeLesson`: print it, `.figure()`, `.save(folder, ["html"])`.
    """
    return TapeLesson("tape", right_losses(), tuple(all_mistakes()))


def told(value: float | str | None) -> str:
    """A number, or a word, or None as TensorFlow would print it.

    >>> told(None), told(0.25), told("2 of 2")
    ('None', '0.25', '2 of 2')
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _hung(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _row(name: str, losses: tuple[float, ...]) -> str:
    return f"{name:<16}" + "".join(f"{losses[each]:>9.3g}" for each in SHOWN)
