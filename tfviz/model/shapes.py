"""Shapes, in words and by their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def in_words(shape: Sequence[Any]) -> str:
    """A shape as it is read: 'batch' for the first axis, 'any' where a size is open.

    >>> in_words((None, 32, None, 3))
    '(batch, 32, any, 3)'
    """
    rest = ("any" if size is None else str(size) for size in shape[1:])
    return f"({', '.join(['batch', *rest])})" if len(shape) else "()"


def channels_stand_first(image: Sequence[int | None]) -> bool:
    """Whether the channels of an image, given without its batch axis, stand before its places.

    >>> channels_stand_first((3, 224, 224)), channels_stand_first((7, 7, 2048))
    (True, False)
    """
    return image[0] in (1, 3) and image[-1] not in (1, 3)


def places_of(image: Sequence[int]) -> tuple[int, int]:
    """(height, width) of an image, given without its batch axis."""
    rows = image[1:] if channels_stand_first(image) else image[:2]
    return int(rows[0]), int(rows[1])
