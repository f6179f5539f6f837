"""What a check found: a state, one line, and what to do where something is wrong."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from tfviz.doctor.env.private import shown


class State(enum.IntEnum):
    """How things stand, the best first; the worst of several counts.

    `UNKNOWN` is an answer: the machine didn't let itself be asked.
    """

    FINE = 0
    UNKNOWN = 1
    WARNING = 2
    WRONG = 3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or may become so.

    Texts may hold parts that are the user's own (`tfviz.doctor.env.private`).

    Attributes:
        state: `WARNING` or `WRONG`.
        text: What is, and why it matters.
        fix: What to do, in words, where commands alone don't say it.
        commands: The fix, to paste into the shell that is running.
        diagnosis: The catalogue's id, `tfviz doctor show ID`; '' where none fits.
    """

    state: State
    text: str
    fix: str = ""
    commands: tuple[str, ...] = ()
    diagnosis: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON answer."""
        return {
            "state": self.state.name.lower(),
            "text": shown(self.text),
            "fix": {"text": shown(self.fix), "commands": [shown(each) for each in self.commands]},
            "diagnosis": self.diagnosis,
        }


def wrong(text: str, *commands: str, fix: str = "", diagnosis: str = "") -> Problem:
    """Something that doesn't work like this."""
    return Problem(State.WRONG, text, fix, commands, diagnosis)


def warning(text: str, *commands: str, fix: str = "", diagnosis: str = "") -> Problem:
    """Something that works and still deserves a look."""
    return Problem(State.WARNING, text, fix, commands, diagnosis)


@dataclass(frozen=True)
class Result:
    """The answer of one check.

    Attributes:
        summary: One line: how it stands.
        problems: Empty when nothing is wrong.
        rows: Details as (name, value), shown on request.
        known: False when it could not be found out.
        check: The check's name and its heading; set by `Check`.
        title: See `check`.
    """

    summary: str
    problems: tuple[Problem, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    known: bool = True
    check: str = ""
    title: str = field(default="", kw_only=True)

    @property
    def state(self) -> State:
        """The worst of its problems."""
        least = State.FINE if self.known else State.UNKNOWN
        return max((problem.state for problem in self.problems), default=least)

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON answer."""
        details: dict[str, str] = {}
        for name, value in self.rows:
            # Several folders may have been looked into: none is lost.
            before = f"{details[shown(name)]}; " if shown(name) in details else ""
            details[shown(name)] = before + shown(value)
        return {
            "check": self.check,
            "title": self.title,
            "state": self.state.name.lower(),
            "summary": shown(self.summary),
            "problems": [problem.to_dict() for problem in self.problems],
            "details": details,
        }
