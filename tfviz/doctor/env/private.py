"""What in a sentence is the user's own: names of folders, people, hosts, and what they hold.

A check wraps such a part in `own`. A terminal shows it; a report to be published shows only what
kind of thing stood there. So nothing has to be guessed or searched for afterwards, and a user who
is called 'keras' loses no other word.

    >>> text = f"{own('/home/ana/net', 'current folder')} holds random.py."
    >>> shown(text)
    '/home/ana/net holds random.py.'
    >>> hidden(text)
    '<current folder> holds random.py.'
"""

from __future__ import annotations

import re

# Control characters: `own` lets none of a value's through, so a value can't end its own marks.
_OPEN, _MIDDLE, _CLOSE = "\x01", "\x02", "\x03"
_MARKED = re.compile(f"{_OPEN}([^{_MIDDLE}]*){_MIDDLE}([^{_CLOSE}]*){_CLOSE}")
# Also the invisible ones that reorder a line (a file may be named to deceive).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def own(value: object, label: str) -> str:
    """Mark a value as the user's own.

    Args:
        value: A path, a name, what a variable holds.
        label: What a report shows instead, without brackets.
    """
    return f"{_OPEN}{label}{_MIDDLE}{printable(str(value))}{_CLOSE}"


def printable(text: str) -> str:
    r"""Escape what a terminal would obey instead of showing.

    >>> printable("a\x1b[31m\nb")
    'a\\x1b[31m\\x0ab'
    """
    return _CONTROL.sub(lambda match: _escaped(match.group()), text)


def shown(text: str) -> str:
    """A text for its user: everything in it, marks removed."""
    return _CONTROL.sub("", _MARKED.sub(lambda match: match.group(2), text))


def hidden(text: str) -> str:
    """A text for everybody: what is the user's own became its label."""
    return _CONTROL.sub("", _MARKED.sub(lambda match: f"<{match.group(1)}>", text))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
