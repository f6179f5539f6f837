"""The words without which a pattern can't match, so that most patterns need never be tried.

Looking for a word in a text is a hundred times faster than looking for a pattern. This runs when
the index is made, not when an error is explained.
"""

from __future__ import annotations

import re
from typing import Any

# Shorter words are in every text.
SHORTEST = 3


def required(pattern: str) -> tuple[str, ...]:
    r"""Words of which at least one stands in every text that the pattern matches.

    Args:
        pattern: A regular expression.

    Returns:
        Lower-case words; empty when none can be told.

    >>> required(r"shape \((\d+), .* for image data")
    (' for image data',)
    >>> required(r"cannot connect|no route")
    ('cannot connect', 'no route')
    """
    # Private, seen in Python 3.11 to 3.13; without it an index can be made by any of these.
    from re import _parser  # type: ignore[attr-defined]

    return _of(list(_parser.parse(pattern, flags=re.DOTALL)))


def _of(items: list[Any]) -> tuple[str, ...]:
    """The best any-of set among the parts of a sequence: the one whose shortest word is longest."""
    sets: list[tuple[str, ...]] = []
    run = ""
    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            run += chr(argument)
            continue
        if run:
            sets.append((run,))
            run = ""
        if name == "SUBPATTERN":
            sets.append(_of(list(argument[3])))
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] >= 1:
            sets.append(_of(list(argument[2])))
        elif name == "BRANCH":
            branches = [_of(list(each)) for each in argument[1]]
            sets.append(tuple(w for each in branches for w in each) if all(branches) else ())
        elif name == "ATOMIC_GROUP":
            sets.append(_of(list(argument)))
    if run:
        sets.append((run,))
    usable = [each for each in sets if each and min(map(len, each)) >= SHORTEST]
    if not usable:
        return ()
    best = max(usable, key=lambda each: min(map(len, each)))
    return tuple(dict.fromkeys(word.lower() for word in best))
