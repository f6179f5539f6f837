"""From what the user typed to the list of images it means."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tfviz.errors import nearest

IMAGE_SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".bmp",
    ".webp",
    ".tif",
    ".tiff",
    ".gif",
    ".avif",
    ".ppm",
    ".pgm",
    ".pbm",
)
"""What is taken for an image when a folder is searched, in lower case."""

# Pictures that an earlier run made; a folder that holds them is searched for photos again.
RESULT = re.compile(r"\.(?:overlay|panel)\.(?:png|jpg)$")

SAMPLE_PREFIX = "sample:"

# Comparing one misspelled name with more than this takes longer than a user waits.
MOST_NAMES = 5000


@dataclass(frozen=True, slots=True)
class Source:
    """One image to be explained, or one argument that leads to none.

    Attributes:
        path: The file; None for a sample.
        relative: Where it lies below the folder that was given, for results that mirror the
            input; only the name when the file itself was given.
        name: What to call it when talking to the user.
        reason: Why it can't be opened, where that is known already.
        sample: The name behind `sample:`, else None.
    """

    path: Path | None
    relative: PurePosixPath
    name: str
    reason: str | None = None
    sample: str | None = None


def find_images(arguments: Sequence[str | os.PathLike[str]]) -> list[Source]:
    """Finds the images behind files, folders and sample names.

    Files are taken whatever their suffix. Folders are searched with all their sub-folders for
    `IMAGE_SUFFIXES`, in sorted order; hidden files and folders are left out, links to folders
    are followed, and a folder reached twice is searched once. A file that several arguments
    lead to is taken once. What can't be opened doesn't stop the others: it is in the list with
    its `reason`.

    Args:
        arguments: Files, folders, or `sample:NAME`.

    Returns:
        One source an image, in the order of the arguments.

    >>> find_images(["sample:cat"])[0].sample
    'cat'
    >>> find_images(["no/such.jpg"])[0].reason
    "no such file: 'no/such.jpg' (the folder 'no' doesn't exist either)."
    """
    found: list[Source] = []
    taken: set[str] = set()
    for argument in arguments:
        for source in _behind(os.fspath(argument)):
            key = source.name if source.path is None else os.path.abspath(source.path)
            if key not in taken:
                taken.add(key)
                found.append(source)
    return found


def _behind(argument: str) -> Iterator[Source]:
    if argument.startswith(SAMPLE_PREFIX):
        sample = argument.removeprefix(SAMPLE_PREFIX)
        yield Source(None, PurePosixPath(_plain(sample)), argument, sample=sample)
        return
    path = Path(argument)
    if not argument:
        yield Source(path, PurePosixPath("image"), "''", "no such file: the name is empty.")
    elif os.path.isdir(path):
        empty = True
        for source in _walk(path):
            empty = False
            yield source
        if empty:
            kinds = " ".join(each[1:] for each in IMAGE_SUFFIXES)
            reason = f"no images in '{path}': looked in it and its sub-folders for {kinds}."
            yield Source(path, PurePosixPath(_plain(_folder_name(path))), str(path), reason)
    else:
        why = None if os.path.exists(path) else _missing(path)
        yield Source(path, PurePosixPath(_plain(path.name)), str(path), why)


def _walk(top: Path) -> Iterator[Source]:
    """Every image below a folder, and every sub-folder that can't be read, in sorted order."""
    seen: set[str] = set()
    folders: list[tuple[Path, PurePosixPath]] = [(top, PurePosixPath())]
    links: list[tuple[Path, PurePosixPath]] = []
    sources: list[Source] = []
    while folders or links:
        # Links last: a folder that is also reached directly keeps its true name.
        folder, relative = folders.pop() if folders else links.pop()
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as listing:
                entries = [each for each in listing if not each.name.startswith(".")]
        except OSError as error:
            reason = f"can't search the folder '{folder}': {error.strerror or error}."
            place = relative if relative.parts else PurePosixPath(_plain(_folder_name(folder)))
            sources.append(Source(folder, place, str(folder), reason))
            continue
        for entry in entries:
            below = (folder / entry.name, relative / entry.name)
            if entry.is_dir():
                (links if entry.is_symlink() else folders).append(below)
            elif RESULT.search(entry.name):
                continue
            elif entry.name.lower().endswith(IMAGE_SUFFIXES):
                sources.append(Source(*below, str(below[0])))
    yield from sorted(sources, key=lambda each: each.relative.parts)


def _missing(path: Path) -> str:
    """Says that a file doesn't exist, and what was probably meant."""
    folder = path.parent
    if not os.path.isdir(folder):
        return f"no such file: '{path}' (the folder '{folder}' doesn't exist either)."
    try:
        with os.scandir(folder) as listing:
            names = [each.name for each in itertools.islice(listing, MOST_NAMES)]
    except OSError:
        names = []
    return f"no such file: '{path}'.{nearest(path.name, names)}"


def _folder_name(folder: Path) -> str:
    """The folder's own name, also when it is given as `.` or `..`."""
    return os.path.basename(os.path.abspath(folder))


def _plain(name: str) -> str:
    """A name that can't lead out of the folder it is put in."""
    flat = name.replace("/", "-").replace("\\", "-")
    return flat if flat.strip(". ") else "image"
