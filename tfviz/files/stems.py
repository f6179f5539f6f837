"""What the results of each input are called: one stem each, never the same twice."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from tfviz.files.inputs import Source


def output_stems(sources: Sequence[Source]) -> list[PurePosixPath]:
    """Gives every source its own stem, such as `sub/cat`, to which results add their endings.

    The sub-folders of the input are kept. Sources that would get the same stem keep their suffix
    (`cat.jpg`, `cat.png`); those that are still the same get the name of the folder they come
    from in front (`holiday/cat.jpg`), and at last a number (`cat.jpg-2`). Two names are the same
    when macOS or Windows would say so: upper and lower case, composed and decomposed accents.

    Args:
        sources: From `find_images`.

    Returns:
        Relative paths without `..`, in the order of the sources.

    >>> def source(name):
    ...     return Source(None, PurePosixPath(name), name)
    >>> [str(each) for each in output_stems([source("a/cat.jpg"), source("a/dog.jpg")])]
    ['a/cat', 'a/dog']
    >>> [str(each) for each in output_stems([source("cat.jpg"), source("CAT.png")])]
    ['cat.jpg', 'CAT.png']
    """
    whole = [_inside(source.relative) for source in sources]
    # A name such as `..jpg` is nothing but dots without its suffix.
    stems = [each.with_name(each.stem) if each.stem.strip(".") else each for each in whole]
    stems = _where_shared(stems, whole)
    stems = _where_shared(
        stems, [_inside(PurePosixPath(_origin(s), w)) for s, w in zip(sources, whole, strict=True)]
    )
    return _numbered(stems)


def _where_shared(stems: list[PurePosixPath], longer: list[PurePosixPath]) -> list[PurePosixPath]:
    """Takes the longer name for every stem that isn't the only one of its kind."""
    count = Counter(_key(each) for each in stems)
    return [
        long if count[_key(stem)] > 1 else stem for stem, long in zip(stems, longer, strict=True)
    ]


def _numbered(stems: list[PurePosixPath]) -> list[PurePosixPath]:
    """Adds -2, -3, ... to all but the first of those that are still the same."""
    reserved = {_key(each) for each in stems}
    given: set[str] = set()
    last: Counter[str] = Counter()
    result = []
    for stem in stems:
        unique = stem
        if _key(stem) in given:
            number = max(last[_key(stem)], 1)
            while _key(unique) in reserved:
                number += 1
                unique = stem.with_name(f"{stem.name}-{number}")
            last[_key(stem)] = number
        given.add(_key(unique))
        reserved.add(_key(unique))
        result.append(unique)
    return result


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


def _inside(path: PurePosixPath) -> PurePosixPath:
    """The same path without anything that leads upwards or to the root."""
    parts = [each for each in path.parts if each.strip("/. ")]
    return PurePosixPath(*parts) if parts else PurePosixPath("image")


def _origin(source: Source) -> str:
    """The name of the folder that `relative` starts from; empty for a sample."""
    if source.path is None:
        return ""
    parents = PurePosixPath(*os.path.abspath(source.path).replace(os.sep, "/").split("/")).parents
    depth = len(source.relative.parts) - 1
    return parents[depth].name if depth < len(parents) else ""
