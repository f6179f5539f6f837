"""Why a file is not read, in a form that becomes one sentence."""

from __future__ import annotations

# What a name from a hostile file may take of an error message.
LONGEST = 80


class RefusedError(Exception):
    """The rest of a sentence that begins with the file's name: `is cut short: ...`."""


def printable(name: object, longest: int = LONGEST) -> str:
    r"""A text from a file, cut short and without what a terminal would obey.

    Args:
        name: The text, or what has one.
        longest: Letters of it that are kept.

    >>> printable("layer1\x1b[2J", longest=8)
    'layer1\\x1b[...'
    """
    text = str(name)
    kept = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[:longest])
    return kept if len(text) <= longest else f"{kept}..."


def shown(name: object) -> str:
    r"""A name from a file in quotes: printable, and short.

    >>> shown("layer1.0")
    "'layer1.0'"
    >>> shown("\x1b[31m" + 100 * "x")[:12]
    "'\\x1b[31mxxx"
    """
    text = str(name)
    return repr(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")
