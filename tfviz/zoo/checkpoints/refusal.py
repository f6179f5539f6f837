"""Why a file is not read, in a form that becomes one sentence."""

from __future__ import annotations

# What a name from a hostile file may take of an error message.
LONGEST = 80


class RefusedError(Exception):
    """The rest of a sentence that begins with the file's name: `is cut short: ...`."""


def shown(name: object) -> str:
    r"""A name from a file in quotes: printable, and short.

    >>> shown("layer1.0")
    "'layer1.0'"
    >>> shown("\x1b[31m" + 100 * "x")[:12]
    "'\\x1b[31mxxx"
    """
    text = str(name)
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")
