"""Which calls repeat when a stack is full."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

# (file, line, function) of one call.
Call = tuple[str, int | None, str]
LONGEST_CYCLE = 20
# A cycle is told from an ordinary repetition by how often it comes.
FEWEST_ROUNDS = 4
# A recursion that branches repeats no exact cycle; one function still fills the stack.
MOSTLY = 0.6
# Deeper than any stack that a raised recursion limit lets grow within memory.
DEEPEST = 200_000


def recursion_sentence(error: BaseException) -> str:
    """Name the calls that a RecursionError repeats, '' for other errors.

    Args:
        error: As caught, with its traceback.
    """
    if not isinstance(error, RecursionError):
        return ""
    calls: list[Call] = []
    trace = error.__traceback__
    while trace is not None and len(calls) < DEEPEST:
        code = trace.tb_frame.f_code
        calls.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return cycle_sentence(calls)


def cycle(frames: Sequence[Call]) -> tuple[int, int, int]:
    """The calls that repeat at the inner end of a stack.

    The innermost few may be what the last round happened to call; they are passed over.

    Args:
        frames: (file, line, function) of each, outermost first.

    Returns:
        (start, length, rounds): frames[start : start + length] is one round, and `rounds` of them
        follow one another; (0, 0, 0) when nothing repeats.
    """
    for tail in range(min(LONGEST_CYCLE, len(frames))):
        end = len(frames) - tail
        for length in range(1, min(LONGEST_CYCLE, end // FEWEST_ROUNDS) + 1):
            one = list(frames[end - length : end])
            rounds = 1
            while (
                end - (rounds + 1) * length >= 0
                and list(frames[end - (rounds + 1) * length : end - rounds * length]) == one
            ):
                rounds += 1
            if rounds >= FEWEST_ROUNDS:
                return end - rounds * length, length, rounds
    return 0, 0, 0


def cycle_sentence(frames: Sequence[Call], *, cut: bool = False) -> str:
    """Name the calls that repeat, '' when nothing does.

    >>> cycle_sentence([("main.py", 9, "<module>")] + [("tree.py", 4, "walk")] * 50)
    'walk (tree.py, line 4) calls itself without end: 50 times in a row.'
    """
    start, length, rounds = cycle(frames)
    if not length:
        return _mostly(frames)
    one = frames[start : start + length]
    names = [f"{function} ({_last(file)}, line {line})" for file, line, function in one]
    times = f"at least {rounds}" if cut else f"{rounds}"
    if length == 1:
        return f"{names[0]} calls itself without end: {times} times in a row."
    shown = names if length <= 6 else [*names[:4], f"{length - 5} more", names[-1]]
    return (
        f"{length} calls repeat without end: {' -> '.join([*shown, one[0][2]])}, "
        f"{times} times in a row."
    )


def _mostly(frames: Sequence[Call]) -> str:
    counts = Counter((file, function) for file, _, function in frames)
    if len(frames) < LONGEST_CYCLE * FEWEST_ROUNDS:
        return ""
    (file, function), count = counts.most_common(1)[0]
    if count < MOSTLY * len(frames):
        return ""
    return f"{function} ({_last(file)}) is on the stack {count} times of {len(frames)}."


def _last(file: str) -> str:
    return re.split(r"[/\\]", file)[-1]
