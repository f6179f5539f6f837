"""A part of the work: `--shard I/N` for several machines, `--limit N` for a first look."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

from tfviz.errors import InputError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several equal shares.

    Args:
        index: Which one, from 1.
        count: How many there are.

    Raises:
        InputError: If there is no such share.

    >>> str(Shard.parse("2/4"))
    '2/4'
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        for value in (self.index, self.count):
            if not isinstance(value, int) or isinstance(value, bool):
                raise InputError(f"A shard is given by two whole numbers, not {value!r}: 1/4.")
        if self.count < 1 or not 1 <= self.index <= self.count:
            many = f"1/{self.count} to {self.count}/{self.count}" if self.count > 0 else "1/4"
            raise InputError(f"There is no shard {self.index}/{self.count}: give {many}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """A shard from what is typed on a command line.

        Args:
            text: `I/N`, from `1/N` to `N/N`.

        Raises:
            InputError: If it is something else.
        """
        found = re.fullmatch(r"\s*(-?\d{1,9})\s*/\s*(-?\d{1,9})\s*", text)
        if found is None:
            raise InputError(
                f"{text!r} is no shard: give I/N, such as 1/4 for the first of four shares."
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def take(
    items: Sequence[Item], shard: Shard | None = None, *, limit: int | None = None
) -> list[Item]:
    """The first so many items, and of those one share.

    The items are dealt like cards, one to each share in every round, so that shares differ by one
    at most. Who begins changes from round to round without a rhythm: when large and small photos
    take turns, or sizes grow along the list, every share gets its part of each. The result depends
    on positions alone; all machines must see the same list.

    Args:
        items: Best from `plan_outputs`, made of all sources.
        shard: Which share; None for all.
        limit: How many items to look at, before they are shared out; None for all.

    Returns:
        The items of this share, in their order.

    Raises:
        InputError: If the limit isn't a whole number of at least 1.

    >>> [take("abcdefgh", Shard(i, 3)) for i in (1, 2, 3)]
    [['b', 'd'], ['c', 'e', 'g'], ['a', 'f', 'h']]
    """
    if limit is not None:
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise InputError(f"A limit of {limit!r} leaves nothing to do: give 1 or more.")
        items = items[:limit]
    if shard is None:
        return list(items)
    share = shard.index - 1
    chosen = []
    for start in range(0, len(items), shard.count):
        turn = zlib.crc32(start.to_bytes(8, "little"))
        position = start + (share + turn) % shard.count
        if position < len(items):
            chosen.append(items[position])
    return chosen
