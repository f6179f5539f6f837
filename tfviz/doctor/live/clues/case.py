"""What a clue is given, and how it is known for which errors it looks.

Three kinds. One *settles* which diagnosis it is: values tell apart what the words leave open. The
second *says* what it saw, in whole sentences with values, below the diagnosis that stands. The
third *mends* the advice, so that the code to type fits these names and values.

    @settles("cv2.empty_image")                # for these diagnoses, or families
    def from_a_crop(case): return Settled("cv2.empty_crop")

    @says("numpy.broadcast", errors=["KeyError"])      # or for these types of exception
    def axes(case): yield "`a` is (3,) and `b` (4,): axis 0 differs."

    @mends("numpy.matmul_sizes")
    def transposed(case): return Mended(code="x @ w.T")
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tfviz.doctor.answer import Answer
from tfviz.doctor.live.clues.source import Reader, reader_of
from tfviz.doctor.live.frames import LiveFrame, message_of, that_matters
from tfviz.doctor.live.safely import classes


@dataclass(frozen=True)
class Case:
    """One error with its live frames.

    Attributes:
        answer: What its text told.
        error: The exception.
        frames: Outermost first.
        own: The user's innermost frame.
    """

    answer: Answer
    error: BaseException
    frames: Sequence[LiveFrame]
    own: LiveFrame

    @functools.cached_property
    def message(self) -> str:
        """What the error says, white space collapsed."""
        return " ".join(message_of(that_matters(self.error)).split())

    @functools.cached_property
    def line(self) -> Reader:
        """The failing statement, which can be read and asked for its values."""
        return reader_of(self.own, self.callers)

    @functools.cached_property
    def callers(self) -> tuple[LiveFrame, ...]:
        """The user's frames outside of his innermost one, the nearest first."""
        own = [each for each in self.frames if not each.installed and each.frame is not None]
        at = next((i for i, each in enumerate(own) if each.frame is self.own.frame), 0)
        return tuple(reversed(own[:at]))

    @property
    def inner(self) -> Iterator[LiveFrame]:
        """The library's frames inside the user's line, the innermost first."""
        for each in reversed(self.frames):
            if each.frame is self.own.frame:
                return
            if each.frame is not None:
                yield each

    @property
    def ids(self) -> tuple[str, ...]:
        """The diagnosis that stands, or all that compete."""
        found = self.answer.findings
        if found and found[0].confidence == "one of":
            return tuple(each.id for each in found if each.confidence == "one of")
        return tuple(each.id for each in found[:1])

    def is_about(self, names: Iterable[str]) -> bool:
        """Whether a diagnosis that stands is one of these, or of one of these families."""
        return any(
            each == name or (name.endswith(".") and each.startswith(name)) or
            each.startswith(f"{name}.")
            for each in self.ids
            for name in names
        )  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """Which diagnosis the values prove.

    Attributes:
        id: Of the catalogue.
        groups: What its sentences need, as a pattern would have found it.
        confidence: 'likely' where the values fit and don't prove it.
    """

    id: str
    groups: Mapping[str, str] = field(default_factory=dict)
    confidence: Literal["certain", "likely"] = "certain"


@dataclass(frozen=True)
class Mended:
    """What the advice becomes for the values that are here; None leaves a part as it is."""

    title: str | None = None
    cause: str | None = None
    fix: str | None = None
    code: str | None = None
    instead: str | None = None
    shapes: tuple[str, int, int, str] | None = None
    commands: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Clue:
    """One function and what it looks at."""

    look: (
        Callable[[Case], Settled | None]
        | Callable[[Case], Mended | None]
        | Callable[[Case], Iterable[str]]
    )
    ids: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def name(self) -> str:
        """Where it is, for a report that it failed."""
        return f"{self.look.__module__.rsplit('.', 1)[-1]}.{self.look.__name__}"

    def fits(self, case: Case) -> bool:
        """Whether it has anything to look for."""
        if case.is_about(self.ids):
            return True
        kinds = {name for _, name in classes(that_matters(case.error))}
        return bool(kinds & set(self.errors))


SETTLING: list[Clue] = []
SAYING: list[Clue] = []
MENDING: list[Clue] = []


def settles(
    *ids: str, errors: Sequence[str] = ()
) -> Callable[[Callable[[Case], Settled | None]], Callable[[Case], Settled | None]]:
    """Make a clue known that may name the diagnosis."""

    def known(look: Callable[[Case], Settled | None]) -> Callable[[Case], Settled | None]:
        SETTLING.append(Clue(look, ids, tuple(errors)))
        return look

    return known


def says(
    *ids: str, errors: Sequence[str] = ()
) -> Callable[[Callable[[Case], Iterable[str]]], Callable[[Case], Iterable[str]]]:
    """Make a clue known that tells what it saw."""

    def known(look: Callable[[Case], Iterable[str]]) -> Callable[[Case], Iterable[str]]:
        SAYING.append(Clue(look, ids, tuple(errors)))
        return look

    return known


def mends(
    *ids: str, errors: Sequence[str] = ()
) -> Callable[[Callable[[Case], Mended | None]], Callable[[Case], Mended | None]]:
    """Make a clue known that fits the advice to the values."""

    def known(look: Callable[[Case], Mended | None]) -> Callable[[Case], Mended | None]:
        MENDING.append(Clue(look, ids, tuple(errors)))
        return look

    return known
