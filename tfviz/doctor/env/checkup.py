"""All results of a round together: counts, exit code, closing sentence, JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tfviz.doctor.env.check import Check, examine
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.result import Result, State

SCHEMA = 1
NOTHING_WRONG, SOMETHING_WRONG = 0, 1


@dataclass(frozen=True)
class Checkup:
    """The results of a round, in order."""

    results: tuple[Result, ...]

    def count(self, state: State) -> int:
        """How many checks ended so."""
        return sum(result.state is state for result in self.results)

    @property
    def exit_code(self) -> int:
        """1 when something is wrong, else 0: what only deserves a look stops nobody's script."""
        return SOMETHING_WRONG if self.count(State.WRONG) else NOTHING_WRONG

    @property
    def counted(self) -> str:
        """The counts in a sentence."""
        total = len(self.results)
        parts = [f"{self.count(State.FINE)} fine"]
        for state, words in (
            (State.WARNING, "to look at"),
            (State.WRONG, "wrong"),
            (State.UNKNOWN, "not found out"),
        ):
            if self.count(state):
                parts.append(f"{self.count(state)} {words}")
        return f"{total} check{'s' * (total != 1)}: {', '.join(parts)}."

    @property
    def closing(self) -> str:
        """What follows from it all, in a sentence."""
        if self.count(State.WRONG):
            first = next(each for each in self.results if each.state is State.WRONG)
            more = self.count(State.WRONG) > 1
            then = ", then what follows" if more else ""
            return f"Begin with {first.title}{then}; programs can fail until it is mended."
        if self.count(State.WARNING):
            return "Programs will run; what is marked with ! can cost time or surprise."
        if self.count(State.UNKNOWN):
            return "Nothing wrong was found, as far as this machine could be asked."
        return "Nothing stands in the way."

    def to_dict(self) -> dict[str, Any]:
        """The JSON answer."""
        return {
            "schema": SCHEMA,
            "exit_code": self.exit_code,
            "counts": {state.name.lower(): self.count(state) for state in State},
            "checks": [result.to_dict() for result in self.results],
        }


def checkup(checks: Iterable[Check], machine: Machine | None = None) -> Checkup:
    """Run checks and wait for all of them.

    Args:
        checks: From `tfviz.doctor.env.checks.registry.chosen`.
        machine: What to look at; None for the one this runs on.
    """
    return Checkup(tuple(examine(tuple(checks), machine or Machine.here())))
