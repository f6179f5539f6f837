"""Results as lines for a terminal, and as a block for an issue."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tfviz.doctor.env.checks.table import versions
from tfviz.doctor.env.checkup import Checkup
from tfviz.doctor.env.machine import Machine
from tfviz.doctor.env.private import hidden, shown
from tfviz.doctor.env.result import Problem, Result, State

_MARKS = {State.FINE: "✓", State.UNKNOWN: "?", State.WARNING: "!", State.WRONG: "✗"}
_ASCII = {State.FINE: "ok", State.UNKNOWN: "?", State.WARNING: "!", State.WRONG: "x"}
_COLOURS = {State.FINE: "32", State.UNKNOWN: "36", State.WARNING: "33", State.WRONG: "31"}
_TITLE, _ROW = 11, 28
NARROWEST, WIDEST = 40, 100


@dataclass(frozen=True)
class Look:
    """How results are shown.

    Attributes:
        width: Columns.
        ascii: Whether the terminal has no ✓.
        colour: Whether it has colours.
        verbose: Whether details are shown where nothing is wrong.
        text: What becomes of a text: `shown` for its user, `hidden` for everybody.
    """

    width: int = 80
    ascii: bool = False
    colour: bool = False
    verbose: bool = False
    text: Callable[[str], str] = shown

    def lines(self, result: Result) -> list[str]:
        """One line for a check; more where something is wrong, or when asked for."""
        mark = self._mark(result.state)
        begin = f"{result.title:<{_TITLE}} "
        room = self.width - len(begin) - (4 if self.ascii else 3)
        summary = self.text(result.summary)
        rest: list[str] = []
        if len(summary) > room:
            if self.verbose:
                summary, *rest = self._wrap(summary, "", room)
            else:
                summary = summary[: room - 3].rstrip() + "..."
        lines = [f"{mark} {begin}{summary}"]
        lines += [f"{' ' * (self.width - room)}{each}" for each in rest]
        indent = " " * (self.width - room)
        for number, problem in enumerate(result.problems):
            if number:
                lines.append("")
            lines += self._problem(problem, indent)
        if self.verbose:
            lines += self._rows(result.rows, indent)
        elif result.problems:
            lines.append("")
        return lines

    def closing(self, checkup: Checkup) -> list[str]:
        """The count and the closing sentence."""
        said = f"{checkup.counted} {checkup.closing}"
        # What a last problem is followed by is a blank line already.
        told = bool(checkup.results) and bool(checkup.results[-1].problems) and not self.verbose
        return [*([] if told else [""]), *self._wrap(said, "", self.width)]

    def _mark(self, state: State) -> str:
        mark = f"{_ASCII[state]:>2}" if self.ascii else _MARKS[state]
        # A column of its own, so that what is wrong is seen at a glance.
        padded = f" {mark}"
        return f"\x1b[{_COLOURS[state]}m{padded}\x1b[0m" if self.colour else padded

    def _problem(self, problem: Problem, indent: str) -> list[str]:
        lines = self._wrap(self.text(problem.text), indent, self.width)
        if problem.fix:
            lines += self._wrap(self.text(problem.fix), indent, self.width)
        for command in problem.commands:
            # Never wrapped: it is pasted.
            lines.append(f"{indent}  {self._dyed(self.text(command), '1')}")
        if problem.diagnosis:
            lines.append(
                f"{indent}{self._dyed(f'More: tfviz doctor show {problem.diagnosis}', '2')}"
            )
        return lines

    def _rows(self, rows: Sequence[tuple[str, str]], indent: str) -> list[str]:
        lines = []
        names = [self.text(name) for name, _ in rows]
        column = min(max(map(len, names), default=0), _ROW)
        for name, (_, value) in zip(names, rows, strict=True):
            first, *rest = self._wrap(
                self.text(value), "", self.width - len(indent) - column - 2
            ) or [""]
            lines.append(f"{indent}{self._dyed(f'{name:<{column}}', '2')}  {first}".rstrip())
            lines += [f"{indent}{' ' * column}  {each}" for each in rest]
        return lines

    def _dyed(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    @staticmethod
    def _wrap(text: str, indent: str, width: int) -> list[str]:
        return textwrap.wrap(
            text,
            max(width, 20),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def report(
    machine: Machine, checkup: Checkup, *, ascii_only: bool = False, verbose: bool = False
) -> str:
    """A block of Markdown to paste into an issue: no user, no host, no path of this machine.

    Args:
        machine: What was looked at.
        checkup: What was found.
        ascii_only: Whether ✓ can't be printed.
        verbose: Whether details are told, too.
    """
    from tfviz.version import __version__

    look = Look(width=WIDEST, ascii=ascii_only, verbose=verbose, text=hidden)
    lines = [f"tfviz {__version__}, Python {machine.release}, {_system(machine)}", ""]
    for result in checkup.results:
        if result.check != "packages":
            lines += look.lines(result)
    lines += ["", checkup.counted]
    packages = versions(machine)
    if packages:
        column = max(len(name) for name, _ in packages)
        lines += [
            "",
            *(f"{hidden(name):<{column}}  {hidden(version)}" for name, version in packages),
        ]
    return _fenced(_single_blanks(line.rstrip() for line in lines))


def _system(machine: Machine) -> str:
    return " ".join(each for each in (machine.system, machine.architecture, *machine.libc) if each)


def _single_blanks(lines: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def _fenced(lines: Sequence[str]) -> str:
    """Between fences longer than any run of backticks inside: no text can end the block."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])
