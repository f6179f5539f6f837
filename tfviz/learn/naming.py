"""Names of files that say what was asked, so that one lesson doesn't replace another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

LONGEST = 80
DIGITS = 6
# What is nearly always behind the name of a model, of data and of a photo.
USUAL = (".keras", ".npz", ".jpg")


def file_stem(words: Sequence[object], settings: Mapping[str, object] | None = None) -> str:
    """A name for files, of letters that every file system takes.

    Args:
        words: What comes first, such as the lesson and what it is about.
        settings: What else was asked, by name; of True only the name is told, and nothing of None
            and False.

    Returns:
        At most 80 characters. Where something had to be replaced or cut off, the last six tell
        apart what would else look the same.

    >>> file_stem(["landscape", "my.keras"], {"dimensions": 1, "log": True})
    'landscape-my-dimensions-1-log'
    >>> file_stem(["backprop", "a * b"]), file_stem(["backprop", "a / b"])
    ('backprop-a-b-6e8d57', 'backprop-a-b-20fd7c')
    """
    told = [_Told.of(each) for each in words]
    for name, value in (settings or {}).items():
        if value is None or value is False:
            continue
        one = _Told(name, name) if value is True else _Told.of(value, f"{name}-")
        told.append(one)
    slugs = [_slug(each.shown) for each in told]
    stem = "-".join(each for each in slugs if each)
    if len(stem) <= LONGEST and all(
        each.exact == slug for each, slug in zip(told, slugs, strict=True)
    ):
        return stem
    exact = repr([each.exact for each in told])
    mark = hashlib.sha256(exact.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
    return f"{stem[: LONGEST - DIGITS - 1].strip('-.')}-{mark}".strip("-")


class _Told(NamedTuple):
    """A part of a name: what it shows, and what makes it that part and no other."""

    shown: str
    exact: str

    @classmethod
    def of(cls, value: object, before: str = "") -> _Told:
        """Of a path its last part is shown."""
        if isinstance(value, (tuple, list)):
            each = [cls.of(one) for one in value]
            parts = ["-".join(part) for part in zip(*each, strict=True)] if each else ["", ""]
            return cls(before + parts[0], before + parts[1])
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        # Blanks make no difference to a formula.
        exact = _short("".join(str(value).split()))
        shown = _short(value.name) if isinstance(value, PurePath) else exact
        return cls(before + shown, before + exact)


def _short(text: str) -> str:
    if text.startswith("sample:"):
        return text.replace(":", ".")
    return next((text[: -len(each)] for each in USUAL if text.endswith(each)), text)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", text).rstrip("-.")
