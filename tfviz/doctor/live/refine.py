"""What live values add to an answer, and what they change in it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace

from tfviz.catalogue.diagnosis import diagnosis, fill
from tfviz.doctor.answer import Answer, Finding
from tfviz.doctor.live.clues import MENDING, SAYING, SETTLING
from tfviz.doctor.live.clues.case import Case, Clue, Mended, Settled
from tfviz.doctor.live.frames import LiveFrame, own_frame

SECONDS = 3.0
_UNFILLED = re.compile(r"\{[a-z_]\w*\}")
MOST_SENTENCES = 4


def refine(answer: Answer, error: BaseException, frames: Sequence[LiveFrame]) -> Answer:
    """Look at the values of the failing line, and say what follows from them.

    Args:
        answer: What `explain_error` told of the error's text.
        error: The exception, as caught.
        frames: From `frames_of(error)`.

    Returns:
        The answer with sentences in `Finding.live`; where values prove a cause, that one first and
        alone. A clue that fails is skipped and named in `broken`.
    """
    own = own_frame(frames)
    if own is None or own.frame is None:
        return answer
    case = Case(answer, error, frames, own)
    broken: list[str] = []
    end = time.monotonic() + SECONDS
    for clue in SETTLING:
        settled = _settled(clue, case, broken) if time.monotonic() < end else None
        if settled is not None:
            case = replace(case, answer=_with(case.answer, settled))
            break
    for clue in MENDING:
        if time.monotonic() < end:
            case = _mended(clue, case, broken)
    sentences: list[str] = []
    for clue in SAYING:
        if time.monotonic() < end:
            sentences += _said(clue, case, broken)
    answer = replace(case.answer, broken=(*case.answer.broken, *broken))
    if not answer.findings or not sentences:
        return answer
    # What no value settled, and each of those that compete, gets them: they are true of all.
    unique = tuple(dict.fromkeys(sentences))[:MOST_SENTENCES]
    first, *rest = answer.findings
    return replace(answer, findings=(replace(first, live=unique), *rest))


def _settled(clue: Clue, case: Case, broken: list[str]) -> Settled | None:
    try:
        found = clue.look(case) if clue.fits(case) else None
    except Exception:  # a faulty clue must not take the doctor down
        broken.append(clue.name)
        return None
    return found if isinstance(found, Settled) else None


def _mended(clue: Clue, case: Case, broken: list[str]) -> Case:
    """The first finding with the parts that a clue gives anew."""
    try:
        change = clue.look(case) if case.answer.findings and clue.fits(case) else None
    except Exception:  # as above
        broken.append(clue.name)
        return case
    if not isinstance(change, Mended):
        return case
    new = {name: value for name, value in vars(change).items() if value is not None}
    first, *rest = case.answer.findings
    return replace(case, answer=replace(case.answer, findings=(replace(first, **new), *rest)))


def _said(clue: Clue, case: Case, broken: list[str]) -> list[str]:
    said: list[str] = []
    try:
        if clue.fits(case):
            for sentence in clue.look(case) or ():  # type: ignore[union-attr]
                said.append(sentence)
    except Exception:  # as above; what it had said by then is true
        broken.append(clue.name)
    return said


def _with(answer: Answer, settled: Settled) -> Answer:
    """The answer with one diagnosis first, and without those that competed with it."""
    there = next((each for each in answer.findings if each.id == settled.id), None)
    top = answer.findings[:1]
    if there is not None and not _UNFILLED.search(f"{there.title} {there.cause} {there.fix}"):
        finding = there
    else:
        finding = _finding(settled, top)
    finding = replace(finding, confidence=settled.confidence)
    competed = {each.id for each in answer.findings if each.confidence == "one of"}
    competed |= {each.id for each in top} | {settled.id}
    rest = tuple(each for each in answer.findings if each.id not in competed)
    return replace(answer, findings=(finding, *rest), unknown="")


def _finding(settled: Settled, top: Sequence[Finding]) -> Finding:
    """A diagnosis that the text alone didn't show."""
    entry = diagnosis(settled.id)

    def filled(text: str, *, code: bool = False) -> str:
        return fill(text, settled.groups, entry.defaults, code=code)

    return Finding(
        id=entry.id,
        title=filled(entry.title),
        cause=filled(entry.cause),
        confidence=settled.confidence,
        evidence=top[0].evidence if top else (),
        fix=filled(entry.fix.text),
        code=filled(entry.fix.code, code=True),
        commands=tuple(map(filled, entry.fix.commands)),
        instead=filled(entry.instead),
        links=entry.links,
    )
