"""An exception as text, as Python prints it, in bounded length: a recursion, a huge message."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from tfviz.doctor.live.frames import LONGEST_CHAIN, LiveFrame, bounded, raw_frames

CAUSE = "The above exception was the direct cause of the following exception:"
CONTEXT = "During handling of the above exception, another exception occurred:"
MOST_OF_A_GROUP = 3


def text_of(error: BaseException) -> str:
    """The traceback with all it was chained to, without carets.

    Args:
        error: As caught. Of thousands of frames the ends are told; of a group the first three.
    """
    return "\n".join(_lines(error, set()))


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    chain: list[tuple[BaseException, str]] = []
    link: BaseException | None = error
    said = ""
    while link is not None and id(link) not in seen and len(chain) < LONGEST_CHAIN:
        seen.add(id(link))
        chain.append((link, said))
        if link.__cause__ is not None:
            link, said = link.__cause__, CAUSE
        else:
            link, said = (None if link.__suppress_context__ else link.__context__), CONTEXT
    for each, joint in reversed(chain):
        yield from _one(each, seen)
        if joint:
            yield from ("", joint, "")


def _one(error: BaseException, seen: set[int]) -> Iterator[str]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions[:MOST_OF_A_GROUP]:
            yield from _lines(each, seen)
            yield ""
        return
    frames = raw_frames(error)
    if frames:
        yield "Traceback (most recent call last):"
    for frame in frames:
        yield f'  File "{frame.file}", line {frame.line}, in {_bare(frame)}'
        if frame.code:
            yield f"    {bounded(frame.code)}"
    yield from last_lines(error)


def _bare(frame: LiveFrame) -> str:
    return "<module>" if frame.frame is None else frame.frame.f_code.co_name


def last_lines(error: BaseException) -> list[str]:
    """Type, message and notes, as they end a traceback."""
    told = traceback.TracebackException(type(error), error, None, limit=0)
    text = bounded("".join(told.format_exception_only()))
    return text.rstrip("\n").split("\n")
