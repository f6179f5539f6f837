"""The receptive field of one unit, worked out by walking back through the traced graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tfviz.learn.convolutions.receptive_rules import Area, Span, parts, places


@dataclass(frozen=True)
class Theory:
    """What the operations between image and unit say.

    Attributes:
        box: Of the image, what the unit can see: (top, left, bottom, right), both ends included.
        size: Height and width of its field where no edge is in the way; infinite where it sees
            everything.
        jump: Pixels of the image between neighbouring units, y and x; NaN where that differs from
            unit to unit, and 0 where all see the same.
        middle: The middle of the field of the first unit, y and x in pixels.
    """

    box: tuple[int, int, int, int]
    size: tuple[float, float]
    jump: tuple[float, float]
    middle: tuple[float, float]


# Neighbours are compared so many at a time: far enough for what up-sampling repeats.
NEIGHBOURS = 4


def theory(image: Any, unit: Any, at: tuple[int, int]) -> Theory:
    """The receptive field of a unit.

    Args:
        image: A symbolic tensor (batch, height, width, channels), from which the graph begins.
        unit: The symbolic tensor of the layer, (batch, height, width, channels).
        at: Row and column in it.

    Raises:
        UnknownOperationError: When an operation on the way has no rule.
    """
    graph = _Graph(image, unit)
    seen = graph.area(at, cut=True)
    height, width = places(image) or (0, 0)
    own = graph.area(at, cut=False)
    next_ones = [graph.area((at[0] + k, at[1] + k), cut=False) for k in range(1, NEIGHBOURS + 1)]
    first = graph.area((0, 0), cut=False)
    jumps = []
    for axis in (0, 1):
        ways = {
            (after[axis][0] - before[axis][0], after[axis][1] - before[axis][1])
            for before, after in zip([own, *next_ones], next_ones, strict=False)
        }
        only = next(iter(ways)) if len(ways) == 1 else (math.nan, 0)
        # Endless minus endless is no number: who sees everything doesn't move.
        jumps.append(
            0.0 if math.isinf(own[axis][0]) else only[0] if only[0] == only[1] else math.nan
        )
    box = (
        int(max(seen.y[0], 0)),
        int(max(seen.x[0], 0)),
        int(min(seen.y[1], height - 1)),
        int(min(seen.x[1], width - 1)),
    )
    return Theory(
        box,
        (_length(own.y), _length(own.x)),
        (float(jumps[0]), float(jumps[1])),
        (_middle(first.y, height), _middle(first.x, width)),
    )


def _length(span: Span) -> float:
    return float(span[1] - span[0] + 1)


def _middle(span: Span, size: int) -> float:
    return (size - 1) / 2 if math.isinf(span[0]) else (span[0] + span[1]) / 2


class _Graph:
    """The operations between an image and a unit, in the order they were made."""

    def __init__(self, image: Any, unit: Any) -> None:
        self._image, self._unit = image, unit
        self._order = {op.name: i for i, op in enumerate(unit.graph.get_operations())}
        depends = {image.name}
        for op in unit.graph.get_operations():
            if any(each.name in depends for each in op.inputs):
                depends.update(each.name for each in op.outputs)
        self._depends = frozenset(depends)

    def area(self, at: tuple[int, int], *, cut: bool) -> Area:
        """What of the image a unit depends on; cut at the edges of every map on the way, or not.

        Without cutting, the field goes on into the padding as if there were more image.
        """
        wanted = {self._unit.name: (self._unit, Area((at[0], at[0]), (at[1], at[1])))}
        while True:
            # The last operation first: then all that asks for its output has spoken.
            name = max(
                (each for each in wanted if each != self._image.name),
                key=lambda each: self._order[wanted[each][0].op.name],
                default=None,
            )
            if name is None:
                break
            tensor, area = wanted.pop(name)
            for source, part in parts(tensor.op, area, self._depends):
                inner = _cut(source, part) if cut else part
                if inner is None:
                    continue
                known = wanted.get(source.name)
                hull = inner if known is None else known[1].hull(inner)
                wanted[source.name] = (source, hull)
        found = wanted.get(self._image.name)
        # A unit that looks at nothing but padding sees no pixel at all.
        return found[1] if found is not None else Area((0, -1), (0, -1))


def _cut(tensor: Any, area: Area) -> Area | None:
    size = places(tensor)
    if size is None:
        return area
    spans = []
    for length, (first, last) in zip(size, area, strict=True):
        low, high = max(first, 0), min(last, length - 1)
        if low > high:
            return None
        spans.append((low, high))
    return Area(*spans)
