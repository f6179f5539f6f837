"""An error or a log in, its causes and fixes out."""

from __future__ import annotations

import re
from typing import BinaryIO

from tfviz.catalogue.diagnosis import Diagnosis, diagnosis, fill
from tfviz.catalogue.matching import Claim, claims
from tfviz.catalogue.packages import distribution_of
from tfviz.catalogue.report import Report
from tfviz.doctor.answer import Answer, Finding
from tfviz.doctor.reading import read_stream, read_text

MOST_EVIDENCE = 3


def explain_error(error: BaseException | str) -> Answer:
    """Explain an exception, or the text of one.

    Args:
        error: An exception as caught (its traceback and what it was chained to are read too), or
            any text: a traceback, a log, a last line.

    Returns:
        Findings, the best first; empty when nothing in the catalogue fits. `print` shows them as
        the command does.
    """
    if isinstance(error, BaseException):
        from tfviz.doctor.live.telling import text_of

        return explain_report(read_text(text_of(error)), type(error).__name__)
    return explain_report(read_text(error), "text")


def explain_stream(stream: BinaryIO, name: str) -> Answer:
    """Explain a file or pipe, read line by line."""
    return explain_report(read_stream(stream), name)


def explain_report(report: Report, name: str) -> Answer:
    """Explain what was read."""
    found, broken = claims(report)
    findings = tuple(_finding(claim, report) for claim in found)
    unknown = ""
    if not findings and report.errors:
        last = report.errors[-1]
        unknown = f"{last.type}: {last.message}" if last.message else last.type
        unknown = f"{unknown[:300]} (line {last.line})"
    elif not findings and any(line.text.strip() for line in report.lines):
        unknown = _complaint(report)
    return Answer(name, findings, report.noise, unknown, report.cut, tuple(broken))


def _complaint(report: Report) -> str:
    """The last line that complains, where no exception was found."""
    for line in reversed(report.lines):
        lowered = line.text.lower()
        if any(word in lowered for word in ("error", "failed", "fatal", "cannot", "exception")):
            return f"{line.text.strip()[:300]} (line {line.number})"
    return ""


def _finding(claim: Claim, report: Report) -> Finding:
    entry, groups = diagnosis(claim.id), dict(claim.groups)
    module = groups.get("module") or groups.get("name")
    if "distribution" in entry.defaults and module:
        groups["distribution"] = distribution_of(module)
    return Finding(
        id=entry.id,
        title=fill(entry.title, groups, entry.defaults),
        cause=fill(entry.cause, groups, entry.defaults),
        confidence=claim.confidence,
        evidence=_evidence(claim, report),
        fix=fill(entry.fix.text, groups, entry.defaults),
        code=fill(entry.fix.code, groups, entry.defaults, code=True),
        commands=tuple(fill(each, groups, entry.defaults) for each in entry.fix.commands),
        instead=fill(entry.instead, groups, entry.defaults),
        links=entry.links,
        shapes=_shapes(entry, claim),
        harmless=entry.severity == "harmless",
    )


def _evidence(claim: Claim, report: Report) -> tuple[tuple[int, str], ...]:
    """The recognised line, the user's own line that led there, and what else was required."""
    numbers = [claim.line]
    if claim.block is not None:
        frame = report.errors[claim.block].own_frame
        if frame is not None and frame.code:
            numbers.append(frame.at)
    numbers += claim.also
    texts = {line.number: line.text for line in reversed(report.lines)}
    unique = [n for n in dict.fromkeys(numbers) if texts.get(n, "").strip()]
    return tuple((n, texts[n].strip()) for n in sorted(unique[:MOST_EVIDENCE]))


def _shapes(entry: Diagnosis, claim: Claim) -> tuple[str, int, int, str] | tuple[()]:
    """What is, where in it the culprit stands, and what is needed."""
    if not entry.shapes:
        return ()
    # A default describes what isn't known: that makes no picture.
    have = fill(entry.shapes["have"], claim.groups, {})
    need = fill(entry.shapes["need"], claim.groups, {})
    named = re.findall(r"\{([a-z_]\w*)\}", " ".join(entry.shapes.values()))
    if any(not claim.groups.get(name) for name in named):
        return ()
    culprit = claim.groups.get(entry.shapes.get("culprit", "")) or ""
    start = have.find(culprit) if culprit else -1
    return (have, start, start + len(culprit), need) if start >= 0 else (have, 0, 0, need)
