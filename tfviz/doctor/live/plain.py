"""Texts, numbers, lists and dictionaries in a few words."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from collections import Counter
from typing import Any

from tfviz.doctor.live.description import Description, shape_text, shown
from tfviz.doctor.live.safely import classes, is_a, is_just, is_kind, known, maybe, name_of

# Of more elements only the first ones are asked what they are.
LOOK = 1_000
LONGEST_TEXT = 48
LONGEST_PATH = 300
MOST_KEYS = 8
MOST_ITEMS, MOST_DIFFERENT = 6, 3
_LIKE_A_PATH = re.compile(r"^(?![a-z]+://)[^\n\0<>|*?]*(?:[/\\]|\.\w{1,5}$)")
_SECRET = re.compile(
    r"(?i)pass(?:word|wd|phrase)|^pwd$|secret|credential|^creds$|(?:api|access|private)_?key|"
    r"(?:api|access|auth|bearer|refresh|hf|hub)_?token"
)
_IN_A_TEXT = (
    (re.compile(r"(?<=://)[^/@\s]+(?=@)"), "..."),
    (re.compile(r"(?i)(?<=\bbearer )\S+|(?<=\bbasic )\S+"), "..."),
)
# Tokens and passwords have no blanks and look like nothing else.
_LIKE_A_SECRET = re.compile(r"^(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w+=~-]{20,}$")


def is_secret(name: str) -> bool:
    """Whether what stands under a name is nobody's business."""
    return bool(_SECRET.search(name))


def holds_text(value: Any) -> bool:
    """Whether it is a text, or a collection that may hold some."""
    return is_kind(value, str, bytes, list, tuple, dict, set, frozenset)


def text(value: Any, most: int) -> Description:
    """A text, shortened; a path with whether it is there."""
    if is_kind(value, bytes):
        head = bytes.__getitem__(value, slice(0, 12))
        size = bytes.__len__(value)
        more = "..." if size > 12 else ""
        return Description(f"bytes of {size:,}", note=f"{head!r}{more}", joint=": ", final=True)
    size = str.__len__(value)
    start = _without_secrets(str.__getitem__(value, slice(0, LONGEST_PATH)))
    if size < LONGEST_PATH and _LIKE_A_PATH.search(start) and start.strip():
        note = _told_path(start)
    elif _LIKE_A_SECRET.search(start):
        note = f"{start[:4]!r}... of {size} characters"
    elif size <= LONGEST_TEXT:
        note = repr(start)
    else:
        note = f"{start[: LONGEST_TEXT - 12]!r}... of {size:,} characters"
    return Description("str", note=note, joint=" ")


def _without_secrets(text: str) -> str:
    """Without the user and password of an address, and what follows `Bearer`."""
    for pattern, instead in _IN_A_TEXT:
        text = pattern.sub(instead, text)
    return text


def _quoted(value: str) -> str:
    if len(value) <= 2 * LONGEST_TEXT:
        return repr(value)
    return f"{value[:LONGEST_TEXT]!r}...{value[-LONGEST_TEXT:]!r}"


# What names a file even where there is none: a beginning, or a suffix that starts with a letter.
_SURELY_A_PATH = re.compile(r"^(?:[/\\~]|\.{1,2}[/\\]|[A-Za-z]:[/\\])|\.[A-Za-z]\w{0,4}$")


def presence(name: str) -> str:
    """Whether a path is there: 'a file of 12 bytes', 'a folder', 'doesn't exist'.

    Of what only may be a path (`n/a`), of a template of names and of what lay in a temporary folder
    that is gone by now, nothing is said where nothing is there.
    """
    try:
        if os.path.isdir(name):
            return "a folder"
        if os.path.isfile(name):
            size = os.path.getsize(name)
            return f"a file of {size:,} bytes" if size else "an empty file"
        if os.path.islink(name):
            return "a broken link"
        return "doesn't exist" if _is_missed(name) else ""
    except (OSError, ValueError):
        return "can't be looked up"


def _is_missed(name: str) -> bool:
    if not _SURELY_A_PATH.search(name) or re.search(r"\{\w*[:!}]|%0?\d*[ds]", name):
        return False
    folder = os.path.dirname(os.path.abspath(name))
    temporary = os.path.realpath(tempfile.gettempdir())
    return os.path.isdir(folder) or not os.path.realpath(folder).startswith(temporary)


def _told_path(name: str) -> str:
    return ", ".join(filter(None, [_quoted(name), presence(name)]))


def path(value: Any, most: int) -> Description:
    """A path of pathlib."""
    if type(value).__module__.split(".", 1)[0] != "pathlib":
        return Description("Path")
    name = str(value)
    return Description("Path", note=_told_path(name), joint=" ", final=True)


def number(value: Any, most: int) -> Description:
    """One number of Python."""
    kind = next(name for package, name in classes(value) if package == "builtins")
    if kind == "complex":
        return Description(kind, note=complex.__repr__(value), joint=" ")
    if kind == "bool":
        return Description(kind, note=str(value is True), joint=" ")
    # By the class itself: an IntEnum prints itself in its own way.
    bare = int.__add__(value, 0) if kind == "int" else float.__add__(value, 0.0)
    return Description(kind, note=shown(bare), joint=" ")


def shortened(text: str) -> str:
    """At most twenty characters of a text, and of what looks like a key only the first."""
    text = _without_secrets(text[:LONGEST_PATH])
    if _LIKE_A_SECRET.search(text):
        return f"{text[:4]}..."
    return text if len(text) <= 20 else f"{text[:17]}..."


def elements(items: list[Any], size: int) -> str:
    """What the elements of a list or an object array are, and whether their shapes differ.

    Args:
        items: The first of them.
        size: How many there are.
    """
    kinds = Counter(name_of(type(item)) for item in items)
    said = [f"{count} {kind}" if len(kinds) > 1 else kind for kind, count in kinds.most_common(4)]
    text = f"of {', '.join(said)}"
    shapes = Counter(shape for item in items if (shape := shape_of(item)) is not None)
    if len(shapes) > 1:
        told = [f"{count} x {shape}" for shape, count in shapes.most_common(4)]
        more = len(shapes) - len(told)
        text += f", shapes differ: {', '.join(told)}{f' and {more} more' if more > 0 else ''}"
    elif shapes:
        text += f" {next(iter(shapes))}"
    elif all(_is_number(item) for item in items):
        text += f", {shown(min(items))} to {shown(max(items))}"
    elif all(type(item) is str for item in items):
        text += f", e.g. {shortened(items[0])!r}"
    else:
        lengths = sorted({len(item) for item in items if is_just(item, list, tuple)})
        if len(lengths) > 1:
            text += f", lengths {lengths[0]} to {lengths[-1]}"
        elif lengths:
            text += f" of {lengths[0]}"
    return text if len(items) == size else f"{text} (the first {len(items):,} of {size:,})"


def _is_number(item: Any) -> bool:
    return is_just(item, int, float) or (known(item) and is_a(item, "numpy", "integer", "floating"))


def shape_of(value: Any) -> str | None:
    """The shape of any array as text, None for what has none."""
    shape = maybe(value, "shape")
    if shape is None or is_a(value, "numpy", "generic"):
        return None
    try:
        return shape_text(tuple(None if each is None else int(each) for each in shape))
    except (TypeError, ValueError):
        return None


def sequence(value: Any, most: int) -> Description:
    """A list or tuple: its values when they are few and plain, else what they are."""
    base = list if is_kind(value, list) else tuple
    size = base.__len__(value)
    kind = f"{base.__name__} of {size}"
    own = type(value).__name__ not in ("list", "tuple", "ListWrapper", "TrackedList")
    if not size:
        return Description(f"empty {base.__name__}", final=not own)
    items = list(itertools.islice(base.__iter__(value), LOOK))
    return Description(kind, note=_items(items, size), joint=": ", final=not own)


def _items(items: list[Any], size: int) -> str:
    few = size <= MOST_ITEMS
    if few and all(_is_small(item) for item in items):
        return ", ".join(_small(item) for item in items)
    if few and any(shape_of(item) is not None for item in items):
        told = [brief(item) for item in items]
        if size > 2 and len(set(told)) == 1:
            return f"{told[0]} each"
        if size <= MOST_DIFFERENT:
            return "; ".join(told)
    return elements(items, size).removeprefix("of ")


def _is_small(item: Any) -> bool:
    return item is None or is_just(item, int, float, bool, str)


def _small(item: Any) -> str:
    if type(item) is str:
        return repr(shortened(item))
    return shown(item) if is_just(item, int, float) else str(item)


def brief(item: Any) -> str:
    """A value in two or three words: kind, shape and dtype.

    >>> brief([1, 2]), brief("cat")
    ('list of 2', "'cat'")
    """
    if _is_small(item):
        return _small(item)
    shape = shape_of(item)
    kind = {"EagerTensor": "Tensor", "SymbolicTensor": "Tensor"}.get(
        name_of(type(item)), name_of(type(item))
    )
    if shape is not None:
        dtype = maybe(item, "dtype")
        name = maybe(dtype, "name") if dtype is not None else None
        named = (
            name
            if type(name) is str
            else str(dtype).removeprefix("torch.")
            if dtype is not None
            else ""
        )
        return f"{kind} {shape} {named}".rstrip()
    if is_just(item, list, tuple, dict, set):
        return f"{kind} of {len(item)}"
    return kind


def mapping(value: Any, most: int) -> Description:
    """A dictionary: its keys, and what stands behind them when they are few."""
    size = dict.__len__(value)
    own = type(value).__name__ not in (
        "dict",
        "OrderedDict",
        "defaultdict",
        "TrackedDict",
        "_DictWrapper",
    )
    if not size:
        return Description("empty dict", final=not own)
    pairs = list(itertools.islice(dict.items(value), MOST_KEYS))
    told = [f"{_key(key)}: {_of_key(key, each)}" for key, each in pairs]
    if size > MOST_KEYS:
        told = [*(_key(key) for key, _ in pairs), "..."]
    return Description(f"dict of {size}", note=", ".join(told), joint=": ", final=not own)


def _of_key(key: Any, value: Any) -> str:
    hidden = type(key) is str and is_secret(key) and holds_text(value)
    return "not shown here" if hidden else brief(value)


def _key(key: Any) -> str:
    return _small(key) if _is_small(key) else name_of(type(key))


def collection(value: Any, most: int) -> Description:
    """A set."""
    base = set if is_kind(value, set) else frozenset
    return Description(f"{base.__name__} of {base.__len__(value)}", final=type(value) is base)


def span(value: Any, most: int) -> Description:
    """A range or slice."""
    if type(value) is range:
        return Description("range", note=f"{len(value)} numbers, {value!r}", joint=": ")
    parts = [brief(each) for each in (value.start, value.stop, value.step)]
    return Description(
        "slice", note=":".join("" if each == "None" else each for each in parts), joint=" "
    )


def generator(value: Any, most: int) -> Description:
    """A generator, and whether it has ended."""
    return Description("generator", note="has ended" if value.gi_frame is None else "")


def nothing(value: Any, most: int) -> Description:
    """None."""
    return Description("None", final=True)
