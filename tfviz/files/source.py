"""One input of a job: where it lies and what to call it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from tfviz.files.naming import printable


@dataclass(frozen=True, slots=True, init=False)
class Source:
    """One image to be explained, or one argument that leads to none.

    A job has a hundred thousand of them, so they hold plain strings; `path` and `relative` are
    made when asked for.

    Args:
        path: The file; None for a sample and where no file is meant, as with a list.
        relative: Where it lies below the folder that was given, for results that mirror the
            input; only the name when the file itself was given.
        name: What to call it when talking to the user; what can't be printed on one line is
            escaped. Two files can get the same name by that: it is no key, the stem of the results
            is.
        reason: Why it can't be opened, where that is known already.
        sample: The name behind `sample:`, else None.

    >>> Source("photos/a/cat.jpg", "a/cat.jpg", "photos/a/cat.jpg").relative.name
    'cat.jpg'
    """

    file: str | None
    place: str
    name: str
    reason: str | None
    sample: str | None

    def __init__(
        self,
        path: str | PurePath | None,
        relative: str | PurePath,
        name: str,
        reason: str | None = None,
        sample: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "file", path if path is None or type(path) is str else str(path))
        put(self, "place", relative if type(relative) is str else str(relative))
        put(self, "name", printable(name))
        put(self, "reason", reason)
        put(self, "sample", sample)

    @property
    def path(self) -> Path | None:
        """The file; None for a sample."""
        return None if self.file is None else Path(self.file)

    @property
    def relative(self) -> PurePosixPath:
        """Where it lies below the folder that was given."""
        return PurePosixPath(self.place)

    def below(self, folder: str) -> Source:
        """The same source, its results one or more folders deeper.

        Args:
            folder: A relative path with `/`; empty for the source itself.
        """
        if not folder:
            return self
        return Source(self.file, f"{folder}/{self.place}", self.name, self.reason, self.sample)


def absolute(path: str) -> str:
    """The path from the root, also where the working directory has been removed."""
    try:
        return os.path.abspath(path)
    except OSError:
        return os.path.normpath(path)


def flat(name: str) -> str:
    """A name that can't lead out of the folder it is put in.

    >>> flat("../cat")
    '..-cat'
    """
    plain = name.replace("/", "-").replace("\\", "-")
    return plain if plain.strip(". ") else "image"
