"""Shapes as messages print them."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

Shape: TypeAlias = tuple[int | None, ...]


def shape_of(text: str | None) -> Shape | None:
    """A shape as printed by any version.

    >>> shape_of("(None, 28, 28)"), shape_of("[?,10]"), shape_of("(5,)"), shape_of(None)
    ((None, 28, 28), (None, 10), (5,), None)
    """
    if text is None:
        return None
    found = re.findall(r"None|\?|-?\d+", text)
    return tuple(int(each) if each[-1].isdigit() and int(each) >= 0 else None for each in found)


def product(shape: Shape) -> int:
    """Of the known lengths; 0 when one is unknown."""
    return 0 if None in shape else math.prod(each or 0 for each in shape)
