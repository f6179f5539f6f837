"""The photos of a job on their way, and which of them the model sees together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfviz.files import Source
from tfviz.files.source import absolute
from tfviz.jobs.results import HeatmapResult

# Photos wait for each other in memory until a group is full: three groups of this are 600 MB.
MOST_PIXELS_IN_A_GROUP = 64_000_000
# With those that can't be opened: a folder of nothing else is told of as it goes.
MOST_IN_A_GROUP = 512


@dataclass
class Member:
    """A photo on its way.

    Attributes:
        source: Where it comes from.
        stem: What its files are called.
        stamp: Size and time of its file: a changed photo is explained anew.
        earlier: What an earlier run recorded of it; None when it is still to do.
        pixels: (height, width), once known.
        reason: Why it can't be explained, once known.
        photo: uint8 RGB, once read.
        inputs: (1, ...) float32 for the model, once read.
        notes: What the viewer of the photo should know of how it was read.
        needed: Whether its group is computed at all: not when all of it was done before.
        seconds: Spent on it so far.
    """

    source: Source
    stem: str
    stamp: str
    earlier: HeatmapResult | None = None
    pixels: tuple[int, int] | None = None
    reason: str | None = None
    photo: np.ndarray | None = None
    inputs: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    needed: bool = True
    seconds: float = 0.0


def grouped(members: Iterable[Member], size: int) -> Iterator[list[Member]]:
    """Photos in the order of their list, as many as the model takes and memory holds.

    Those that can't be opened stand in a group without counting, so that the model sees full
    batches all the same.

    Args:
        members: With `pixels` or `reason` known.
        size: How many photos the model takes at once.
    """
    group: list[Member] = []
    count = pixels = 0
    for member in members:
        more = 0 if member.pixels is None else member.pixels[0] * member.pixels[1]
        full = count == size or len(group) == MOST_IN_A_GROUP
        if full or (more and pixels and pixels + more > MOST_PIXELS_IN_A_GROUP):
            yield _marked(group)
            group, count, pixels = [], 0, 0
        group.append(member)
        count += more > 0
        pixels += more
    if group:
        yield _marked(group)


def _marked(group: list[Member]) -> list[Member]:
    """The group, each member knowing whether any of it is still to do."""
    needed = any(each.reason is None and each.earlier is None for each in group)
    for each in group:
        each.needed = needed
    return group


def stamp_of(source: Source) -> str:
    """Size and time of a file, so that a photo that changes is explained anew."""
    found = _stat(source)
    return "" if found is None else f"{found.st_size}-{found.st_mtime_ns}"


def rights_of(source: Source) -> str:
    """When a file's rights were last changed: one that couldn't be read may be readable now."""
    found = _stat(source)
    return "" if found is None else str(found.st_ctime_ns)


def place_of(source: Source) -> str:
    """Where a photo lies, whatever folder it is seen from."""
    return source.name if source.file is None else absolute(source.file)


def inode_of(source: Source) -> int:
    """The number of a file on its disk, which it keeps when it is moved; 0 where there is none."""
    found = _stat(source)
    return 0 if found is None else found.st_ino


def is_same(line: dict[str, Any], source: Source) -> bool:
    """Whether a journal's line is about this photo, also where its folder was moved.

    A relative name is not enough: seen from another folder it may be another photo. Nor are size
    and time: files unpacked from an archive often share both.
    """
    if line.get("file") == place_of(source):
        return True
    inode = inode_of(source)
    return inode != 0 and line.get("inode") == inode and line.get("stamp") == stamp_of(source)


def _stat(source: Source) -> os.stat_result | None:
    if source.file is None:
        return None
    try:
        return os.stat(source.file)
    except (OSError, ValueError):
        return None
