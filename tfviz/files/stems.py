"""What the results of each input are called: one stem each, never the same twice."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tfviz.files.kinds import why_no_image
from tfviz.files.source import Source, absolute

# Of a name most file systems take 255 bytes, and each result adds an ending such as
# `.overlay.jpg` and perhaps a number.
MOST_BYTES = 200
# What can't be printed, copied to another system or written down as UTF-8.
_AWKWARD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# A folder of this name would stand where another input's result or the journal has to go.
_RESERVED = re.compile(
    r"\.(?:overlay|panel)\.(?:png|jpg)$|\.map\.npy$|^(?:results\.jsonl|manifest\.json)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A source and where its results go.

    Attributes:
        source: The input.
        text: Its stem as text.
    """

    source: Source
    text: str

    @property
    def stem(self) -> PurePosixPath:
        """Such as `sub/cat`, to which results add their endings."""
        return PurePosixPath(self.text)


def plan_outputs(sources: Sequence[Source]) -> list[Planned]:
    """Gives every source its own stem, such as `sub/cat`, to which results add their endings.

    Plan all sources first and take a share of the plan afterwards: then machines that share the
    work never write to the same name.

    The sub-folders of the input are kept. Sources that would get the same stem keep their suffix
    (`cat.jpg`, `cat.png`); those that are still the same get the name of the folder they come
    from in front (`holiday/cat.jpg`), and at last a number (`cat.jpg-2`). Two names are the same
    when macOS or Windows would say so: upper and lower case, composed and decomposed accents. A
    video always keeps its suffix, so that it doesn't change the name of the photo it belongs to.
    Letters that can't be printed become `_`, and very long names are cut.

    Args:
        sources: From `find_images`.

    Returns:
        One plan a source, in their order; the stems are relative paths without `..`.

    >>> [each.text for each in plan_outputs([Source("a.jpg", "a.jpg", "a.jpg")])]
    ['a']
    """
    return [Planned(source, text) for source, text in zip(sources, _stems(sources), strict=True)]


def output_stems(sources: Sequence[Source]) -> list[PurePosixPath]:
    """The stems of `plan_outputs` alone.

    Args:
        sources: From `find_images`.

    Returns:
        Relative paths without `..`, in the order of the sources.

    >>> def source(name):
    ...     return Source(None, name, name)
    >>> [str(each) for each in output_stems([source("a/cat.jpg"), source("a/dog.jpg")])]
    ['a/cat', 'a/dog']
    >>> [str(each) for each in output_stems([source("cat.jpg"), source("CAT.png")])]
    ['cat.jpg', 'CAT.png']
    """
    return [PurePosixPath(each) for each in _stems(sources)]


def _stems(sources: Sequence[Source]) -> list[str]:
    folders = _Folders()
    split = [each.place.rpartition("/") for each in sources]
    stems = [folders.inside(parent) + _short(_without_suffix(name)) for parent, _, name in split]
    for longer in (
        lambda i: folders.inside(split[i][0]) + _short(split[i][2]),
        lambda i: folders.inside(f"{_origin(sources[i])}/{split[i][0]}") + _short(split[i][2]),
    ):
        keys = [_key(each) for each in stems]
        count = Counter(keys)
        if len(count) == len(keys):
            return stems
        stems = [longer(i) if count[key] > 1 else stems[i] for i, key in enumerate(keys)]
    return _numbered(stems)


def _numbered(stems: list[str]) -> list[str]:
    """Adds -2, -3, ... to all but the first of those that are still the same."""
    keys = [_key(each) for each in stems]
    reserved = set(keys)
    given: set[str] = set()
    last: Counter[str] = Counter()
    result = []
    for stem, key in zip(stems, keys, strict=True):
        unique, now = stem, key
        if key in given:
            number = max(last[key], 1)
            while now in reserved:
                number += 1
                unique = f"{stem}-{number}"
                now = _key(unique)
            last[key] = number
        given.add(now)
        reserved.add(now)
        result.append(unique)
    return result


def _key(text: str) -> str:
    """The same for all names that some file system holds to be one."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())


def _without_suffix(name: str) -> str:
    dot = name.rfind(".")
    # A name such as `..jpg` is nothing but dots without its suffix.
    if dot < 1 or dot == len(name) - 1 or not name[:dot].strip(".") or why_no_image(name):
        return name
    return name[:dot]


def _short(name: str) -> str:
    """A name that can be printed, and has room for an ending."""
    plain = name if name.isascii() and name.isprintable() else _AWKWARD.sub("_", name)
    if not plain.strip("/. "):
        return "image"
    if len(plain) <= MOST_BYTES // 4 or len(plain.encode()) <= MOST_BYTES:
        return plain
    mark = hashlib.blake2s(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{plain.encode()[: MOST_BYTES - 9].decode('utf-8', 'ignore')}-{mark}"


class _Folders:
    """Folders of inputs as folders of results; each is thought over once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {"": ""}

    def inside(self, folder: str) -> str:
        """The folder with a slash at its end, without what leads upwards or to the root."""
        made = self._known.get(folder)
        if made is None:
            parts = [_AWKWARD.sub("_", each) for each in folder.split("/") if each.strip("/. ")]
            made = "".join(f"{part}_/" if _RESERVED.search(part) else f"{part}/" for part in parts)
            self._known[folder] = made
        return made


def _origin(source: Source) -> str:
    """The name of the folder that `relative` starts from; empty for a sample."""
    if source.file is None:
        return ""
    parts = absolute(source.file).replace(os.sep, "/").split("/")
    depth = source.place.count("/") + 1
    return parts[-depth - 1] if depth < len(parts) else ""
