"""Why a name leads to no image: the sentences, with what was probably meant."""

from __future__ import annotations

import errno
import itertools
import os
from collections import Counter

from tfviz.errors import nearest
from tfviz.files.naming import printable
from tfviz.files.patterns import Pattern, hits

# Comparing one misspelled name with more than this takes longer than a user waits.
MOST_NAMES = 5000
# Of the kinds of files that a folder without images holds.
MOST_KINDS = 4
# A line of a result can't hold the longest of names.
MOST_LETTERS = 200


def why_absent(path: str, error: Exception) -> str:
    """Says that a file doesn't exist or can't be looked at, and what was probably meant."""
    name = _brief(path)
    if os.path.islink(path):
        aim = printable(os.readlink(path))
        return f"'{name}' is a link that leads nowhere: there is no '{aim}'."
    if isinstance(error, PermissionError):
        return f"no permission to look at '{name}': ask its owner, or copy it to a place of yours."
    if isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return f"no such file: '{name}' ({error.strerror or error})."
    folder = os.path.dirname(path)
    if folder and os.path.isfile(folder):
        return f"no such file: '{name}' ('{_brief(folder)}' is a file, not a folder)."
    if folder and not os.path.isdir(folder):
        return f"no such file: '{name}' (the folder '{_brief(folder)}' doesn't exist either)."
    return f"no such file: '{name}'.{neighbours(path)}"


def neighbours(path: str) -> str:
    """Names in the same folder that are much like a missing one."""
    try:
        with os.scandir(os.path.dirname(path) or ".") as listing:
            names = [printable(each.name) for each in itertools.islice(listing, MOST_NAMES)]
    except (OSError, ValueError):
        return ""
    return nearest(os.path.basename(path), names)


def seen_beside(path: str, folder: str | None) -> str:
    """A clause for a name that is meant from the folder of its list."""
    if folder is None or os.path.isabs(path):
        return ""
    there = os.path.join(folder, path)
    if not os.path.lexists(there):
        return ""
    return (
        f" It exists beside the list, as '{printable(there)}', but names are seen from the working "
        f"directory: start the command in '{printable(folder)}'."
    )


def counted(left: Counter[str]) -> str:
    """A clause on what a folder holds instead of images."""
    if not left:
        return ""
    kinds = left.most_common()
    told = [f"{count} {printable(kind) or 'without suffix'}" for kind, count in kinds[:MOST_KINDS]]
    if len(kinds) > MOST_KINDS:
        told.append(f"{sum(count for _, count in kinds[MOST_KINDS:])} others")
    return f" (it holds {', '.join(told)})"


def why_nothing_fits(text: str, pattern: Pattern, leave_out: str | None) -> str:
    """Says that a pattern has no hits, and where that comes from.

    Args:
        text: As it was typed.
        pattern: From `parse_pattern`.
        leave_out: The resolved path of a folder that isn't searched.
    """
    reason = f"no image is called '{_brief(text)}' or fits it as a pattern"
    where = _brief(pattern.fixed)
    try:
        os.scandir(pattern.fixed or ".").close()
    except (FileNotFoundError, NotADirectoryError):
        return f"{reason} (there is no folder '{where}')."
    except (OSError, ValueError) as error:
        return f"{reason} (can't search '{where}': {getattr(error, 'strerror', None) or error})."
    other = sum(1 for _ in hits(pattern, leave_out=leave_out, any_case=True))
    if other and not pattern.takes_all:
        reason += f" ({other} would if upper and lower case were the same)"
    # In brackets alone people rather mean a name.
    return f"{reason}.{'' if '*' in text or '?' in text else neighbours(text)}"


def _brief(path: str) -> str:
    name = printable(path)
    return name if len(name) <= MOST_LETTERS else f"{name[:MOST_LETTERS]}..."
