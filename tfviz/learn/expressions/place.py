"""An error with a caret under the place in what the user typed."""

from __future__ import annotations

from tfviz.errors import InputError

WIDEST = 74
"""So that the line and its indentation fit into a terminal."""


def fault(source: str, start: int, end: int, sentence: str) -> InputError:
    """An error whose message ends in the line in question, with carets under the place.

    Args:
        source: All that was typed.
        start: Index of the first character at fault.
        end: Index after the last one; the place ends with the line at the latest.
        sentence: What is wrong and what to type instead.
    """
    return InputError(f"{sentence}\n{underlined(source, start, end)}")


def underlined(source: str, start: int, end: int) -> str:
    """The line with the place, and below it carets; both indented by two blanks.

    >>> print(underlined("a + (b", 4, 5))
      a + (b
          ^
    """
    start = min(start, len(source))
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", start)
    line = source[first : len(source) if last < 0 else last]
    at, marks = start - first, max(1, min(end - first, len(line)) - (start - first))
    if len(line) > WIDEST:
        cut = min(max(0, at - WIDEST // 2), max(0, len(line) - WIDEST))
        line, at = line[cut : cut + WIDEST], at - cut
        marks = max(1, min(marks, len(line) - at))
    # A tab would shift the line against its carets.
    shown = "".join(" " if each.isspace() else each for each in line)
    return f"  {shown.rstrip()}\n  {' ' * at}{'^' * marks}"
