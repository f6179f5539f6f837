"""Examining an exception where it happened: the scene with its live values, then the diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tfviz.doctor.answer import MOST_SHOWN, SCHEMA, Answer
from tfviz.doctor.explain import explain_report
from tfviz.doctor.live.frames import LiveFrame, frames_of
from tfviz.doctor.live.scene import Scene, scene_of
from tfviz.doctor.live.telling import text_of
from tfviz.doctor.reading import read_text

NOT_RECOGNISED = "No diagnosis in the catalogue fits this error, and none is guessed."


@dataclass(frozen=True)
class Examination:
    """What is known of an exception; it holds no frame and none of the program's objects.

    Attributes:
        answer: The diagnosis, with what the live values add.
        scene: The user's failing line and the values on it; None when no line is known.
    """

    answer: Answer
    scene: Scene | None

    def __str__(self) -> str:
        parts = [] if self.scene is None else [str(self.scene)]
        parts.append(self._diagnosis())
        return "\n\n".join(parts)

    def _diagnosis(self) -> str:
        if not self.answer.recognised:
            return NOT_RECOGNISED
        # Its lines stand above, and numbers of a text that was never pasted tell nothing.
        findings = tuple(replace(each, evidence=()) for each in self.answer.findings)
        if findings[0].confidence != "one of":
            findings = findings[:MOST_SHOWN]
        return str(replace(self.answer, findings=findings, noise={}))

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it: the answer's keys, and `scene`."""
        return {
            **self.answer.to_dict(),
            "schema": SCHEMA,
            "scene": None if self.scene is None else self.scene.to_dict(),
        }


def examine(error: BaseException) -> Examination:
    """Examine an exception: where it happened, with which values, why, and what to do.

    It never raises, changes nothing, and runs none of the program's code. Of large arrays a sample
    is looked at.

    Args:
        error: As caught, with its traceback.
    """
    try:
        frames = frames_of(error)
    except Exception:  # the doctor's own slip must not hide the error
        frames = []
    answer = _answer(error, frames)
    try:
        scene = scene_of(error, frames)
    except Exception:
        scene = None
    return Examination(answer, scene)


def _answer(error: BaseException, frames: Sequence[LiveFrame]) -> Answer:
    name = type(error).__name__
    try:
        answer = explain_report(read_text(text_of(error)), name)
    except Exception as slip:
        return Answer(name, (), {}, unknown=name, broken=(f"{type(slip).__name__} while reading",))
    try:
        from tfviz.doctor.live.refine import refine

        return refine(answer, error, frames)
    except Exception as slip:
        return replace(answer, broken=(*answer.broken, f"refine: {type(slip).__name__}"))
