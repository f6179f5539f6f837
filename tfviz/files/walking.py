"""Through a folder with all its sub-folders: each once, links followed, loops ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from tfviz.files.naming import printable

# Windows has more kinds of links than Python tells of, so there each folder is resolved.
_RESOLVE_ALL = os.name == "nt"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was reached.

    Attributes:
        path: As it was reached; empty for the working directory itself.
        relative: Below the folder where the walk began, with `/`; empty for that one.
        files: The names of all in it that is neither hidden nor a folder.
        error: Why it can't be listed, else None.
    """

    path: str
    relative: str
    files: list[str]
    error: OSError | None = None

    @property
    def reason(self) -> str | None:
        """The error as a sentence."""
        if self.error is None:
            return None
        told = self.error.strerror or self.error
        return f"can't search the folder '{printable(self.path or '.')}': {told}."


def walk(
    top: str, *, leave_out: str | None = None, seen: set[str] | None = None
) -> Iterator[Folder]:
    """Reaches a folder and all folders below it, in no particular order.

    Hidden folders are left out. Links to folders are followed, and come last: a folder that is
    also reached directly keeps its true name.

    Args:
        top: Where to begin.
        leave_out: The resolved path of a sub-folder that isn't entered.
        seen: Resolved paths of folders that were reached already; those of this walk are added.

    Yields:
        Each folder once, those that can't be listed with the error.
    """
    seen = set() if seen is None else seen
    start = "" if top == "." else top
    folders = [(start, "", os.path.realpath(top))]
    links: list[tuple[str, str]] = []
    while folders or links:
        if folders:
            path, relative, real = folders.pop()
        else:
            path, relative = links.pop()
            real = os.path.realpath(path)
        if real in seen or (relative and real == leave_out):
            continue
        seen.add(real)
        files: list[str] = []
        error = None
        try:
            with os.scandir(path or ".") as listing:
                for entry in listing:
                    name = entry.name
                    if name.startswith("."):
                        continue
                    if not is_folder(entry):
                        files.append(name)
                        continue
                    deeper = f"{relative}/{name}" if relative else name
                    inside = os.path.join(path, name)
                    if _RESOLVE_ALL or entry.is_symlink():
                        links.append((inside, deeper))
                    else:
                        folders.append((inside, deeper, os.path.join(real, name)))
        except OSError as refused:
            error = refused
        yield Folder(path, relative, files, error)


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one; a link that leads to itself doesn't."""
    try:
        return entry.is_dir()
    except OSError:
        return False
