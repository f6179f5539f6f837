"""Patterns such as `photos/**/*.jpg` that no shell has expanded."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tfviz.files.walking import is_folder, walk

_WILD = re.compile(r"[*?[]")
_SEPARATORS = re.compile(r"[\\/]" if os.name == "nt" else "/")


@dataclass(frozen=True, slots=True)
class Hit:
    """A file or folder that fits a pattern.

    Attributes:
        path: As the pattern begins.
        relative: Below the fixed part of the pattern, with `/`.
        folder: Whether it is one.
    """

    path: str
    relative: str
    folder: bool


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, split where its first wildcard stands.

    Attributes:
        fixed: The folder before the first wildcard; empty for the working directory.
        parts: What comes below it, one name or pattern a level.
        only_folders: Whether it ends with a slash.
    """

    fixed: str
    parts: tuple[str, ...]
    only_folders: bool = False

    @property
    def takes_all(self) -> bool:
        """Whether it leaves the ending of the files open."""
        return self.parts[-1].endswith(("*", "?"))


def is_pattern(text: str) -> bool:
    """Whether a name has a wildcard in it.

    >>> is_pattern("photos/*.jpg"), is_pattern("photos")
    (True, False)
    """
    return _WILD.search(text) is not None


def parse_pattern(text: str) -> Pattern:
    """Splits a pattern; a folder that really has the name of a pattern belongs to the fixed part.

    >>> parse_pattern("no/such/*/[ab].jpg")
    Pattern(fixed='no/such', parts=('*', '[ab].jpg'), only_folders=False)
    """
    drive, tail = os.path.splitdrive(text)
    parts = [each for each in _SEPARATORS.split(tail) if each not in ("", ".")]
    fixed = drive + (os.sep if _SEPARATORS.match(tail) else "")
    while len(parts) > 1 and _is_literal(fixed, parts[0]):
        fixed = os.path.join(fixed, parts.pop(0))
    only_folders = _SEPARATORS.match(tail[-1:]) is not None and parts[-1] != "**"
    return Pattern(fixed, tuple(parts), only_folders)


def hits(
    pattern: Pattern, *, leave_out: str | None = None, any_case: bool = False
) -> Iterator[Hit]:
    """All that fits, in no particular order, each once.

    `*`, `?` and `[...]` are those of a shell and never take hidden names; `**` stands for any
    number of folders, links followed and each folder once. Folders that can't be listed fit
    nothing.

    Args:
        pattern: From `parse_pattern`.
        leave_out: The resolved path of a folder that isn't entered.
        any_case: Whether 'JPG' fits 'jpg'; on Windows always.
    """
    ignore = any_case or os.name == "nt"
    # What the folders below hold is hit by itself when everything is asked for.
    last = pattern.parts[-1]
    whole = last == "**" or (last == "*" and "**" in pattern.parts)
    found: set[str] = set()
    for hit in _below(pattern.fixed, "", pattern.parts, leave_out, ignore):
        unwanted = whole if hit.folder else pattern.only_folders
        if not unwanted and hit.relative not in found:
            found.add(hit.relative)
            yield hit


def _below(
    folder: str, relative: str, parts: tuple[str, ...], leave_out: str | None, ignore: bool
) -> Iterator[Hit]:
    first, rest = parts[0], parts[1:]
    if first == "**":
        while rest and rest[0] == "**":
            rest = rest[1:]
        for each in walk(folder or ".", leave_out=leave_out):
            deeper = f"{relative}/{each.relative}".strip("/")
            yield from _below(each.path, deeper, rest or ("*",), leave_out, ignore)
        return
    for name, is_one in _fitting(folder, first, ignore):
        path = os.path.join(folder, name)
        place = f"{relative}/{name}" if relative else name
        if is_one and leave_out is not None and os.path.realpath(path) == leave_out:
            continue
        if not rest:
            yield Hit(path, place, is_one)
        elif is_one:
            yield from _below(path, place, rest, leave_out, ignore)


def _fitting(folder: str, part: str, ignore: bool) -> Iterator[tuple[str, bool]]:
    """Names in a folder that fit one part of a pattern, each with whether it is a folder."""
    if _is_literal(folder, part):
        path = os.path.join(folder, part)
        if os.path.lexists(path):
            yield part, os.path.isdir(path)
            return
        if not ignore:
            return
    fits = _compiled(part, ignore)
    try:
        with os.scandir(folder or ".") as listing:
            entries = [each for each in listing if fits(each.name)]
    except OSError:
        return
    for entry in entries:
        if part.startswith(".") or not entry.name.startswith("."):
            yield entry.name, is_folder(entry)


def _is_literal(folder: str, part: str) -> bool:
    return not is_pattern(part) or (part != "**" and os.path.lexists(os.path.join(folder, part)))


@lru_cache(maxsize=64)
def _compiled(part: str, ignore: bool) -> Callable[[str], re.Match[str] | None]:
    return re.compile(fnmatch.translate(part), re.IGNORECASE if ignore else 0).match
