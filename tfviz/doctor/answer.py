"""What the doctor says: findings with their evidence, as values and as text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = 1
NOTHING_WRONG, FINDINGS, NOT_RECOGNISED = 0, 1, 3
WIDTH = 88
MOST_SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """One diagnosis of a text.

    Attributes:
        id: `tfviz doctor show ID` tells more.
        title: What it is, in a few words.
        cause: One sentence.
        confidence: 'certain', 'likely' or 'one of'.
        evidence: (line number, text) from the user's own text, at most three.
        fix: What to do, in words.
        code: The fix as code, '' where there is none.
        commands: The fix as commands.
        instead: If that is not it: the check that separates.
        links: Threads and documents.
        shapes: What is, where its culprit stands, and what is needed; empty for other errors.
        harmless: Whether nothing need be done.
        live: What the values of the running process add, a sentence each.
    """

    id: str
    title: str
    cause: str
    confidence: str
    evidence: tuple[tuple[int, str], ...]
    fix: str
    code: str = ""
    commands: tuple[str, ...] = ()
    instead: str = ""
    links: tuple[str, ...] = ()
    shapes: tuple[str, int, int, str] | tuple[()] = ()
    harmless: bool = False
    live: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON answer."""
        return {
            "id": self.id,
            "title": self.title,
            "cause": self.cause,
            "live": list(self.live),
            "evidence": [{"line": number, "text": text} for number, text in self.evidence],
            "confidence": self.confidence,
            "fix": {"text": self.fix, "code": self.code, "commands": list(self.commands)},
            "instead": self.instead,
            "links": list(self.links),
        }


@dataclass(frozen=True)
class Answer:
    """All findings of one text, the best first.

    Attributes:
        input: What the text is called.
        findings: Empty when nothing was recognised, or nothing is wrong.
        noise: Harmless lines that were ignored, by label.
        unknown: The error that was read and not recognised, '' when there was none.
        cut: What is missing from the text, '' when nothing is.
        broken: Rules that failed while they were tried.
    """

    input: str
    findings: tuple[Finding, ...]
    noise: Mapping[str, int]
    unknown: str = ""
    cut: str = ""
    broken: tuple[str, ...] = ()

    @property
    def recognised(self) -> bool:
        """Whether there is a finding."""
        return bool(self.findings)

    @property
    def exit_code(self) -> int:
        """0 nothing wrong, 1 findings, 3 not recognised."""
        if any(not finding.harmless for finding in self.findings):
            return FINDINGS
        if self.findings or not (self.unknown or self.cut):
            return NOTHING_WRONG
        return NOT_RECOGNISED

    def to_dict(self) -> dict[str, Any]:
        """The JSON answer."""
        return {
            "schema": SCHEMA,
            "input": self.input,
            "recognised": self.recognised,
            "findings": [finding.to_dict() for finding in self.findings],
            "ignored_noise": [
                {"what": label, "lines": count} for label, count in sorted(self.noise.items())
            ],
            "unknown": self.unknown,
            "cut": self.cut,
        }

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines: list[str] = []
        shown = self.findings[:MOST_SHOWN]
        if shown and shown[0].confidence == "one of":
            # They compete for one error: all of them are the answer.
            shown = tuple(each for each in self.findings if each.confidence == "one of")
        for i, finding in enumerate(shown):
            if i:
                lines.append("")
            lines += _finding_lines(finding)
        more = len(self.findings) - len(shown)
        if more > 0:
            lines += ["", f"and {more} more, less likely the cause: --json lists them."]
        if not self.findings:
            lines += self._nothing()
        if self.noise:
            total = sum(self.noise.values())
            kinds = ", ".join(f"{count} {label}" for label, count in sorted(self.noise.items()))
            lines += ["", f"Ignored as harmless: {total} line{'s' * (total > 1)} ({kinds})."]
        return lines

    def _nothing(self) -> list[str]:
        if self.cut:
            return _wrap(f"Not recognised: {self.cut}. Paste the rest, down to the last line.")
        if self.unknown:
            return _wrap(f"Not recognised: {self.unknown}") + _wrap(
                "No diagnosis in the catalogue fits, and none is guessed. The whole text, from the "
                "first line of the traceback to the last, tells most."
            )
        return ["Nothing wrong was found in this text."]


def _finding_lines(finding: Finding) -> list[str]:
    lines = [f"{finding.title}  [{finding.id}, {finding.confidence}]"]
    lines += _wrap(finding.cause, "  ")
    for sentence in finding.live:
        lines += _wrap(f"Here: {sentence}", "  ")
    width = len(str(max((number for number, _ in finding.evidence), default=0)))
    for number, text in finding.evidence:
        lines.append(f"  {number:>{width}} | {_short(text)}")
    if finding.shapes:
        have, start, stop, need = finding.shapes
        lines.append(f"  is      {have}")
        if stop > start:
            lines.append(f"          {' ' * start}{'^' * (stop - start)}")
        lines.append(f"  needed  {need}")
    lines += _wrap(f"Fix: {finding.fix}", "  ")
    lines += [f"      {line}" for line in finding.code.splitlines()]
    lines += [f"      $ {command}" for command in finding.commands]
    if finding.instead:
        lines += _wrap(f"If that is not it: {finding.instead}", "  ")
    lines += [f"  See {link}" for link in finding.links[:2]]
    return lines


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 150 else f"{text[:147]}..."
