"""Which file of many can't be decoded: a small folder or list is read through by first bytes."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from tfviz.doctor.live.clues.case import Case, says
from tfviz.doctor.live.clues.paths import about_path
from tfviz.doctor.live.clues.seen import MOST_ITEMS, number
from tfviz.doctor.live.safely import is_a

MOST_FILES = 2000
MOST_FOLDERS = 8
MOST_TOLD = 2
# Seconds; a folder on a slow network is left alone after it.
LONGEST = 0.5
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
_DECODED = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM")


@says("data.undecodable_image")
def which_file(case: Case) -> Iterator[str]:
    """The files named as pictures whose first bytes are none."""
    end = time.monotonic() + LONGEST
    looked, bad = 0, []
    for path in _files(case):
        if looked == MOST_FILES or time.monotonic() > end:
            break
        looked += 1
        said = _no_picture(path)
        if said:
            bad.append((path, said))
    for path, said in bad[:MOST_TOLD]:
        yield f"'{path}' {said}{'' if said.endswith(('.', '?')) else '.'}"
    if len(bad) > MOST_TOLD:
        yield f"{len(bad)} of the {number(looked, 'file')} looked at are no pictures that TensorFlow decodes."


def _no_picture(path: str) -> str:
    """What a file is that is no JPEG, PNG, GIF or BMP; '' for a picture, and for what can't be told."""
    if not os.path.isfile(path):
        return ""
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        return ""
    if head.startswith(_DECODED):
        return ""
    return about_path(path, picture=True) or "doesn't begin as a JPEG, PNG, GIF or BMP file does"


def _files(case: Case) -> Iterator[str]:
    """Files named as pictures: those in lists at hand, then those in folders at hand."""
    seen: set[str] = set()
    folders: list[str] = []
    for value in _at_hand(case):
        for path in _paths(value):
            if path in seen:
                continue
            seen.add(path)
            if path.lower().endswith(_PICTURES):
                yield path
            elif os.path.isdir(path):
                folders.append(path)
    for top in folders[:MOST_FOLDERS]:
        for path in itertools.islice(_inside(top), MOST_FILES):
            if path not in seen:
                seen.add(path)
                yield path


def _at_hand(case: Case) -> Iterator[Any]:
    for frame in (case.own, *case.callers):
        yield from list(frame.locals.values())[:300]
    yield from list(case.own.globals.values())[:500]


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, str | PurePath) and type(value).__module__ in ("builtins", "pathlib"):
        text = os.fspath(value)
        # A bare word is mostly no path, though a folder of that name may stand there.
        short = 2 < len(text) < 1000 and "\0" not in text
        if short and (os.sep in text or "." in text or os.path.isdir(text)):
            yield text
    elif type(value) in (list, tuple):
        for each in value[:MOST_ITEMS]:
            if isinstance(each, str | PurePath):
                yield os.fspath(each)
    elif is_a(value, "numpy", "ndarray") and value.ndim == 1 and value.dtype.kind in "UO":
        for each in value[:MOST_ITEMS]:
            if isinstance(each, str):
                yield str(each)


def _inside(top: str) -> Iterator[str]:
    """The pictures by name in a folder and in the folders directly below it."""
    below = []
    try:
        with os.scandir(top) as listing:
            for each in itertools.islice(listing, MOST_FILES):
                if each.is_dir(follow_symlinks=False):
                    below.append(each.path)
                elif each.name.lower().endswith(_PICTURES):
                    yield each.path
        for folder in below[:100]:
            with os.scandir(folder) as listing:
                for each in itertools.islice(listing, MOST_FILES):
                    if each.name.lower().endswith(_PICTURES):
                        yield each.path
    except OSError:
        return
