"""How the name of a file stands in a message."""

from __future__ import annotations

import os
import re

# Control characters, separators of lines and halves of surrogate pairs: a name may hold them, a
# line on a terminal may not.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(path: str | os.PathLike[str]) -> str:
    r"""A path as one line of text that any UTF-8 terminal takes, in whatever alphabet.

    Args:
        path: Any path, also one that isn't valid text.

    Returns:
        The path with what can't be printed written as an escape.

    >>> print(printable("name\nof two lines.jpg"))
    name\nof two lines.jpg
    """
    name = os.fsdecode(path)
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), name)
