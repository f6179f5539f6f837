"""The installed packages of a folder, by the names of their metadata folders.

Listing a folder takes a millisecond; opening every package's metadata, as
`importlib.metadata.packages_distributions` does, takes a third of a second.
"""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass
from pathlib import Path

_NAMED = re.compile(r"(?P<name>.+?)(?:-(?P<version>\d[^-]*)(?:-py\d.*)?)?\.(?:dist|egg)-info")
_HEADER = re.compile(r"([A-Za-z-]+):[ \t]*(.*)")


@dataclass(frozen=True)
class Distribution:
    """One installed package.

    Attributes:
        name: Normalised: lower case, dashes.
        version: As its metadata folder says.
        path: The metadata folder (or file, in an old form).
    """

    name: str
    version: str
    path: Path

    @property
    def folder(self) -> Path:
        """The site-packages that it lies in."""
        return self.path.parent

    @functools.cached_property
    def _headers(self) -> tuple[tuple[str, str], ...]:
        for path in (self.path / "METADATA", self.path / "PKG-INFO", self.path):
            found = _headers_of(path)
            if found is not None:
                return found
        return ()

    @property
    def readable(self) -> bool:
        """Whether it has metadata at all; an interrupted installation leaves none."""
        return bool(self._headers)

    @property
    def requires(self) -> tuple[str, ...]:
        """What it requires, as written."""
        return tuple(value for key, value in self._headers if key == "requires-dist")

    @property
    def requires_python(self) -> str:
        """The Python it is for, '' when it doesn't say."""
        found = [value for key, value in self._headers if key == "requires-python"]
        return found[0] if found else ""

    @functools.cached_property
    def tags(self) -> tuple[str, ...]:
        """What it was built for, 'cp311-cp311-manylinux_2_27_x86_64'; empty when unknown."""
        headers = _headers_of(self.path / "WHEEL") or ()
        return tuple(value for key, value in headers if key == "tag")


def canonical(name: str) -> str:
    """A package's name as all spellings of it agree on.

    >>> canonical("ml_dtypes"), canonical("Keras.Tuner")
    ('ml-dtypes', 'keras-tuner')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions_in(folder: Path) -> list[Distribution]:
    """The packages whose metadata lies in a folder, sorted; none where it can't be listed."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith("-info"))
    except (OSError, ValueError):
        return []
    found = []
    for name in names:
        match = _NAMED.fullmatch(name)
        if match is None or name.startswith("~"):
            continue
        path = folder / name
        version = match["version"] or dict(_headers_of(path / "PKG-INFO") or ()).get("version", "")
        found.append(Distribution(canonical(match["name"]), version, path))
    return found


def leftovers_in(folder: Path) -> list[str]:
    """What an interrupted `pip install` has left: folders that begin with '~'."""
    try:
        return sorted(name for name in os.listdir(folder) if name.startswith("~"))
    except (OSError, ValueError):
        return []


def _headers_of(path: Path) -> tuple[tuple[str, str], ...] | None:
    """The lines 'Key: value' above the first blank line, keys in lower case."""
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.strip():
                    break
                match = _HEADER.match(line)
                if match:
                    found.append((match[1].lower(), match[2].strip()))
    except (OSError, ValueError):
        return None
    return tuple(found)
