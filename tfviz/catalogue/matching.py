"""Which diagnoses claim a report, and which of them is the answer.

A claim needs evidence: every condition of one clause. Two claims on the same error are settled by
`beats` where the catalogue says which is more exact, and shown as 'one of' where it doesn't: a
guess is never made.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfviz.catalogue.conditions import PREDICATES
from tfviz.catalogue.index import rules
from tfviz.catalogue.report import ErrorBlock, Line, Report

CERTAIN, LIKELY, ONE_OF = "certain", "likely", "one of"


@dataclass(frozen=True)
class Claim:
    """One diagnosis that fits a report.

    Attributes:
        id: Of the diagnosis.
        confidence: 'certain', 'likely' or 'one of'.
        block: Index of the error it explains; None for a line of a log.
        line: Number of the line with the words that were recognised.
        groups: What the pattern found, by name.
        also: Numbers of further lines with evidence.
    """

    id: str
    confidence: str
    block: int | None
    line: int
    groups: Mapping[str, str | None] = field(default_factory=dict)
    also: tuple[int, ...] = ()


def claims(report: Report) -> tuple[list[Claim], list[str]]:
    """All claims on a report, best first, and the ids of rules that failed while they were tried.

    Args:
        report: What was read.

    Returns:
        The claims that no other claim beats; those on one error that nothing separates have the
        confidence 'one of'.
    """
    found: list[Claim] = []
    broken: list[str] = []
    beats: dict[str, set[str]] = {}
    for rule in rules():
        beats[rule["id"]] = set(rule["beats"])
        try:
            found.extend(_claims_of(rule, report))
        except Exception:  # a faulty rule must not take the doctor down
            broken.append(rule["id"])
    return _settle(found, beats, report), broken


def _claims_of(rule: Mapping[str, Any], report: Report) -> Iterator[Claim]:
    taken: set[int | None] = set()
    for clause in rule["match"]:
        words = clause["words"]
        if words and not any(word in report.flat_lower for word in words):
            continue
        if not _context_holds(clause, report):
            continue
        for claim in _try(rule["id"], clause, report):
            # The first clause that fits an error speaks for the diagnosis.
            if claim.block not in taken:
                taken.add(claim.block)
                yield claim


def _try(identifier: str, clause: Mapping[str, Any], report: Report) -> Iterator[Claim]:
    confidence = clause.get("confidence", CERTAIN)
    also = tuple(
        line.number for each in clause.get("all", ()) for line in _lines_with(each, report)[:1]
    )
    if "message" in clause:
        told = False
        for index, error in enumerate(report.errors):
            match = _message_matches(clause, error)
            if match is None or not _predicate_holds(clause, report, error, match):
                continue
            line = _line_of(clause["message"], error, report)
            yield Claim(identifier, confidence, index, line, match.groupdict(), also)
            told = True
        if not told and "frames" not in clause:
            # The words of an error without its type: in a sentence, or cut.
            match = _pattern(clause["message"]).search(report.flat_loose)
            if match is not None and _predicate_holds(clause, report, None, match):
                line = _near(match.group(0), report)
                yield Claim(identifier, confidence, None, line, match.groupdict(), also)
    elif "log" in clause:
        match = _pattern(clause["log"]).search(report.flat)
        if match is None or not _predicate_holds(clause, report, None, match):
            return
        hits = _lines_with(clause["log"], report)
        line = hits[0].number if hits else _near(match.group(0), report)
        inside = [i for i, b in enumerate(report.errors) if b.line <= line <= b.end]
        block = inside[0] if inside else None
        yield Claim(identifier, confidence, block, line, match.groupdict(), also)


def _message_matches(clause: Mapping[str, Any], block: ErrorBlock) -> re.Match[str] | None:
    types = clause.get("types")
    if types and block.name and block.name not in types:
        return None
    match = _pattern(clause["message"]).search(block.message)
    if match is None:
        return None
    frames = [str(frame).replace("\\", "/") for frame in block.frames]
    for wanted in clause.get("frames", ()):
        if not any(_pattern(wanted).search(each) for each in frames):
            return None
    for unwanted in clause.get("no_frames", ()):
        if any(_pattern(unwanted).search(each) for each in frames):
            return None
    return match


def _context_holds(clause: Mapping[str, Any], report: Report) -> bool:
    framework = clause.get("framework")
    if framework and report.frameworks and framework not in report.frameworks:
        return False
    if not all(_pattern(each).search(report.flat) for each in clause.get("all", ())):
        return False
    return not any(_pattern(each).search(report.flat) for each in clause.get("none", ()))


def _predicate_holds(
    clause: Mapping[str, Any], report: Report, block: ErrorBlock | None, match: re.Match[str]
) -> bool:
    name = clause.get("predicate")
    return name is None or PREDICATES[name](report, block, match)


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _lines_with(pattern: str, report: Report) -> list[Line]:
    compiled = _pattern(pattern)
    return [line for line in report.lines if compiled.search(" ".join(line.text.split()))]


def _line_of(pattern: str, block: ErrorBlock, report: Report) -> int:
    """The line of a block where the recognised words stand; its first when they are wrapped."""
    compiled = _pattern(pattern)
    for line in report.lines:
        if block.line <= line.number <= block.end and compiled.search(" ".join(line.text.split())):
            return line.number
    return block.line


def _near(found: str, report: Report) -> int:
    """The line where words that were found across line ends begin."""
    start = found[:20]
    for line in report.lines:
        if start in " ".join(line.text.split()):
            return line.number
    return report.lines[0].number if report.lines else 1


def _settle(found: Sequence[Claim], beats: Mapping[str, set[str]], report: Report) -> list[Claim]:
    """Drop what is beaten, mark what nothing separates, and put the first cause first."""
    present = {claim.id for claim in found}
    # What a winner beats is beaten wherever it stands: the loser often claims the line of a log
    # that belongs to the error the winner explains.
    beaten = {loser for winner in present for loser in beats[winner]}
    left = [claim for claim in found if claim.id not in beaten]
    harmless = {rule["id"] for rule in rules() if rule.get("severity") == "harmless"}
    ranked = _once(sorted(left, key=lambda claim: (claim.id in harmless, *_rank(claim, report))))
    settled: list[Claim] = []
    for claim in ranked:
        rivals = {
            other.id
            for other in ranked
            if other.block == claim.block
            and claim.block is not None
            and other.confidence == claim.confidence
        }
        confidence = ONE_OF if len(rivals) > 1 else claim.confidence
        settled.append(
            Claim(claim.id, confidence, claim.block, claim.line, claim.groups, claim.also)
        )
    return settled


def _once(ranked: Sequence[Claim]) -> list[Claim]:
    """One claim a diagnosis: a long log says the same again and again."""
    first: dict[str, Claim] = {}
    for claim in ranked:
        first.setdefault(claim.id, claim)
    return list(first.values())


def _rank(claim: Claim, report: Report) -> tuple[Any, ...]:
    """Errors before logs, the first chain first, in a chain what people must mend first."""
    doubt = 0 if claim.confidence == CERTAIN else 1
    if claim.block is None:
        return (1, doubt, claim.line, claim.id)
    chain, place = _place(claim.block, report.errors)
    return (0, doubt, chain, place, claim.line, claim.id)


def _place(index: int, errors: Sequence[ErrorBlock]) -> tuple[int, int]:
    """Which chain an error is in, and its turn there: the last speaks first.

    'The direct cause of' was raised on purpose, to say more; 'during handling of' mostly follows
    an error that was expected and caught.
    """
    chain = sum(1 for each in errors[1 : index + 1] if not each.link)
    last = index
    while last + 1 < len(errors) and errors[last + 1].link:
        last += 1
    return chain, last - index
