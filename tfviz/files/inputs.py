"""From what the user typed to the list of images it means."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfviz.errors import InputError
from tfviz.files.absence import counted, neighbours, seen_beside, why_absent, why_nothing_fits
from tfviz.files.kinds import IMAGE_SUFFIXES, RESULT, is_wanted, why_no_image
from tfviz.files.lists import Names, below, common_folder, read_list, read_stream
from tfviz.files.naming import printable
from tfviz.files.patterns import hits, is_pattern, parse_pattern
from tfviz.files.source import Source, absolute, flat
from tfviz.files.walking import walk

SAMPLE_PREFIX = "sample:"
LIST_PREFIX = "@"
STANDARD_INPUT = "-"

_UNTIDY = re.compile(r"(?:^|/)\.(?:/|$)|//|/$")


def find_images(
    arguments: Sequence[str | os.PathLike[str]],
    stdin: Any = None,
    *,
    leave_out: str | os.PathLike[str] | None = None,
) -> list[Source]:
    r"""Finds the images behind files, folders, patterns, lists and sample names.

    A file is taken whatever its suffix. A folder is searched with all its sub-folders, in sorted
    order; hidden files and folders and the pictures of earlier runs (`*.overlay.png`) are left
    out, links to folders are followed, and a folder reached twice is searched once. HEIC photos
    are taken, and videos with their `reason`. A pattern that the shell has left (`photos/**/*.jpg`)
    is expanded, hidden names excepted; a file that really has such a name comes first.

    `@files.txt` is a list of names and `-` one on standard input: UTF-8, one a line, or separated
    by NUL. A name in it is a file, folder, pattern or sample, seen from the working directory. A
    line that begins with `#` and names no file is a comment. A file called `@x` is given as
    `./@x`; within a list it is just `@x`.

    For results that mirror the input, `relative` begins at the folder that was given, for a
    pattern at the folder before its first wildcard, and for a list at the deepest folder that
    holds all its names, so that the same list always gives the same places.

    A file that several arguments lead to is taken once. What can't be opened doesn't stop the
    others: it is in the list with its `reason`.

    Args:
        arguments: Files, folders, patterns, `@LIST`, `-` or `sample:NAME`.
        stdin: The stream behind `-`, text or bytes; `sys.stdin` by default.
        leave_out: A folder that isn't searched when it lies in another, for results. Given as an
            argument itself, it is.

    Returns:
        One source an image, in the order of the arguments.

    >>> find_images(["sample:cat"])[0].sample
    'cat'
    >>> find_images(["no/such.jpg"])[0].reason
    "no such file: 'no/such.jpg' (the folder 'no' doesn't exist either)."
    >>> import io
    >>> [each.name for each in find_images(["-"], io.StringIO("sample:cat\nsample:coffee\n"))]
    ['sample:cat', 'sample:coffee']
    """
    search = _Search(None if leave_out is None else os.path.realpath(leave_out), stdin)
    found: list[Source] = []
    taken: set[str] = set()
    for argument in arguments:
        for source in search.behind(os.fsdecode(argument)):
            file = source.file
            key = source.name if file is None else os.path.normcase(absolute(file))
            if key not in taken:
                taken.add(key)
                found.append(source)
    return found or search.set_aside


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one name led to: `root` is the folder from which its sources are named."""

    root: str | None
    sources: Iterable[Source]


class _Search:
    def __init__(self, leave_out: str | None, stdin: Any) -> None:
        self.leave_out = leave_out
        self.stdin = stdin
        self.asked = False
        self.seen: set[str] = set()
        self.parents: dict[str, str] = {}
        # A shell that expands `photos/*` gives the folder of results along.
        self.set_aside: list[Source] = []

    def behind(self, argument: str) -> Iterable[Source]:
        """The sources behind one argument."""
        if argument == STANDARD_INPUT:
            return self._standard_input()
        if argument.startswith(LIST_PREFIX):
            return self._list(argument)
        return self._entry(argument).sources

    def _standard_input(self) -> Iterator[Source]:
        # Given twice it is read once, as a file would be.
        if not self.asked:
            self.asked = True
            try:
                names = read_stream(self.stdin)
            except InputError as error:
                yield Source(None, "standard-input", "-", f"standard input (-) {error}.")
            else:
                yield from self._named(names, "-", "standard input (-)", None)

    def _list(self, argument: str) -> Iterator[Source]:
        path = argument.removeprefix(LIST_PREFIX)
        if not path:
            alone = "'@' names no list: give one such as @files.txt, or - for standard input."
            yield Source(None, "image", argument, alone)
            return
        # After the @ no shell looks for a home.
        if not os.path.lexists(path):
            path = os.path.expanduser(path)
        known = f"the list '{printable(path)}'"
        try:
            names = read_list(path)
        except InputError as error:
            told = f"{known} {error}."
            if os.path.lexists(argument):
                told += f" The file of that name is './{printable(argument)}'."
            elif not os.path.lexists(path):
                told += neighbours(path)
            yield Source(None, flat(os.path.basename(path)), argument, told)
        else:
            yield from self._named(names, argument, known, os.path.dirname(path) or ".")

    def _named(self, names: Names, given: str, known: str, folder: str | None) -> Iterator[Source]:
        """The sources behind the names of a list, each placed below their common folder."""
        entries: deque[_Entry] = deque()
        for line in names.lines:
            name = line if names.exact else _as_meant(line)
            if name is not None:
                entries.append(self._listed(name, known, folder))
        if not entries:
            yield Source(None, flat(given), given, f"{known} holds no names.")
        roots = {each.root for each in entries if each.root is not None}
        common = common_folder(roots)
        places = {each: below(each, common) for each in roots}
        names.lines.clear()
        while entries:
            # Let go of one by one: a list may be long, and each source is made anew.
            entry = entries.popleft()
            place = places[entry.root] if entry.root is not None else ""
            for source in entry.sources:
                yield source.below(place)

    def _listed(self, name: str, known: str, folder: str | None) -> _Entry:
        special = name == STANDARD_INPUT or name.startswith(LIST_PREFIX)
        if special and not os.path.lexists(name):
            what = "standard input" if name == STANDARD_INPUT else "another list"
            reason = f"'{printable(name)}' stands in {known}, which can't hold {what}: give both."
            return _Entry(None, [Source(None, flat(name), name, reason)])
        return self._entry(name, folder)

    def _entry(self, text: str, beside: str | None = None) -> _Entry:
        """A sample, folder, file or pattern; `beside` is the folder of the list it stands in."""
        if text.startswith(SAMPLE_PREFIX):
            sample = text.removeprefix(SAMPLE_PREFIX)
            return _Entry(None, [Source(None, flat(sample), text, sample=sample)])
        if not text:
            nameless = Source("", "image", "''", "no such file: the name is empty.")
            return _Entry(None, [nameless])
        if text[0] == "~" and not os.path.lexists(text):
            text = os.path.expanduser(text)
        path = _tidy(text)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            if is_pattern(text) and not os.path.lexists(path):
                return self._fitting(text, beside)
            name = flat(os.path.basename(path))
            reason = why_absent(path, error) + seen_beside(path, beside)
            return _Entry(self._parent(path), (Source(path, name, path, reason),))
        if stat.S_ISDIR(mode):
            return _Entry(absolute(path), self._folder(path))
        return _Entry(self._parent(path), (Source(path, flat(os.path.basename(path)), path),))

    def _parent(self, path: str) -> str:
        """The folder of a file; all files of one folder share the text."""
        parent = os.path.dirname(absolute(path))
        return self.parents.setdefault(parent, parent)

    def _folder(self, path: str, place: str = "", *, by_pattern: bool = False) -> Iterator[Source]:
        real = os.path.realpath(path)
        if real in self.seen:
            return
        left: Counter[str] = Counter()
        sources = list(self._walked(path, left))
        if sources:
            sources.sort(key=_in_order)
            yield from (each.below(place) for each in sources)
        elif not by_pattern:
            kinds = " ".join(each[1:] for each in IMAGE_SUFFIXES)
            reason = (
                f"no images in '{printable(path)}': looked in it and its sub-folders for {kinds}"
                f"{counted(left)}."
            )
            nothing = Source(path, flat(_folder_name(path)), path, reason)
            if real == self.leave_out:
                self.set_aside.append(nothing)
            else:
                yield nothing

    def _walked(self, top: str, left: Counter[str]) -> Iterator[Source]:
        """What a folder holds, unsorted; counts the kinds of files that are left where they are."""
        for folder in walk(top, leave_out=self.leave_out, seen=self.seen):
            if folder.error is not None:
                name = folder.path or "."
                place = folder.relative or flat(_folder_name(name))
                yield Source(name, place, name, folder.reason)
            path = os.path.join(folder.path, "")
            place = f"{folder.relative}/" if folder.relative else ""
            for name in folder.files:
                if is_wanted(name):
                    yield _taken(path + name, place + name)
                else:
                    left[os.path.splitext(name)[1].lower()] += 1

    def _fitting(self, text: str, beside: str | None) -> _Entry:
        pattern = parse_pattern(text)
        root = absolute(pattern.fixed or ".")
        sources: list[Source] = []
        # Whoever asks for pictures of earlier runs by their ending wants them.
        results = any(each in pattern.parts[-1] for each in (".overlay.", ".panel."))
        for hit in hits(pattern, leave_out=self.leave_out):
            name = os.path.basename(hit.path)
            if hit.folder:
                sources += self._folder(hit.path, hit.relative, by_pattern=True)
            elif results if RESULT.search(name) else is_wanted(name) or not pattern.takes_all:
                sources.append(_taken(hit.path, hit.relative))
        if not sources:
            reason = why_nothing_fits(text, pattern, self.leave_out) + seen_beside(text, beside)
            sources.append(Source(text, flat(os.path.basename(text)), text, reason))
        sources.sort(key=_in_order)
        return _Entry(root, sources)


def _tidy(path: str) -> str:
    """The path without `./`, as pathlib writes it."""
    # Which remembers every name it ever saw, so it is asked only where it changes something.
    return os.fspath(Path(path)) if os.name == "nt" or _UNTIDY.search(path) else path


def _taken(path: str, place: str) -> Source:
    """A file that was found by searching."""
    why = why_no_image(path)
    return Source(path, place, path, None if why is None else f"'{printable(path)}' {why}.")


def _in_order(source: Source) -> str:
    """Sorts as the parts of a path do: a folder's files stand together."""
    return source.place.replace("/", "\0")


def _as_meant(line: str) -> str | None:
    """The name on a line of a list that somebody may have typed; None for a comment."""
    bare = line.strip()
    unquoted = bare[1:-1] if len(bare) > 2 and bare[0] == bare[-1] == '"' else bare
    for name in (line, bare, unquoted):
        if os.path.lexists(name):
            return name
    return None if bare.startswith("#") else unquoted


def _folder_name(folder: str) -> str:
    """The folder's own name, also when it is given as `.` or `..`."""
    return os.path.basename(absolute(folder)) or "image"
