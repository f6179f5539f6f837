"""Where the nodes of a graph go: columns from left to right, few crossings, straight wires.

Source: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system
structures", IEEE Transactions on Systems, Man, and Cybernetics 11 (2), 1981 (layers, dummies,
barycenters).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
STRAIGHT = 6
"""How much more a wire that passes by heeds its own height than that of its ends."""
LANE = 0.45
"""Room for a wire that passes by, in parts of the room for a node."""


@dataclass(frozen=True)
class Layout:
    """Places in a grid of columns; heights are in rows, from 0 on.

    Attributes:
        column: Of each node.
        height: Of each node.
        lanes: For each node: (column, height) where its wire passes other columns, in order.
        columns: How many there are.
        rows: The largest height.
    """

    column: tuple[int, ...]
    height: tuple[float, ...]
    lanes: tuple[tuple[tuple[int, float], ...], ...]
    columns: int
    rows: float


def layered(parents: Sequence[Sequence[int]]) -> Layout:
    """Lay out a graph that is given in an order where parents come before children.

    Leaves stand one column before their first child; a wire that passes columns has a lane of
    its own in each of them, shared by all its children.

    Args:
        parents: For each node, the indices of what it is computed from.
    """
    column = _columns(parents)
    work = _Columns(parents, column)
    work.order()
    height = work.heights()
    count = len(parents)
    lanes: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for point in range(count, len(work.column)):
        lanes[work.owner[point]].append((work.column[point], height[point]))
    return Layout(
        tuple(column),
        tuple(height[:count]),
        tuple(tuple(sorted(each)) for each in lanes),
        max(column) + 1,
        max(height),
    )


def _columns(parents: Sequence[Sequence[int]]) -> list[int]:
    column = [0] * len(parents)
    for index, each in enumerate(parents):
        if each:
            column[index] = 1 + max(column[parent] for parent in each)
    nearest: dict[int, int] = {}
    for index, each in enumerate(parents):
        for parent in each:
            if not parents[parent]:
                nearest[parent] = min(nearest.get(parent, column[index]), column[index])
    for leaf, child in nearest.items():
        column[leaf] = child - 1
    return column


class _Columns:
    """Nodes and lanes ("points") with their order in every column."""

    def __init__(self, parents: Sequence[Sequence[int]], column: Sequence[int]) -> None:
        self.column = list(column)
        self.owner = list(range(len(parents)))
        self.before: list[list[int]] = [[] for _ in parents]
        self.after: list[list[int]] = [[] for _ in parents]
        lane: dict[tuple[int, int], int] = {}
        for child, each in enumerate(parents):
            for parent in dict.fromkeys(each):
                at = parent
                for passed in range(column[parent] + 1, column[child]):
                    if (parent, passed) not in lane:
                        lane[parent, passed] = self._point(parent, passed)
                        self._wire(at, lane[parent, passed])
                    at = lane[parent, passed]
                self._wire(at, child)
        self.rows: list[list[int]] = [[] for _ in range(max(self.column) + 1)]
        seen: set[int] = set()
        # In the order of the formula, seen from the results: a good start.
        for index in reversed(range(len(parents))):
            self._visit(index, seen)

    def _point(self, owner: int, column: int) -> int:
        self.column.append(column)
        self.owner.append(owner)
        self.before.append([])
        self.after.append([])
        return len(self.column) - 1

    def _wire(self, start: int, end: int) -> None:
        self.after[start].append(end)
        self.before[end].append(start)

    def _visit(self, first: int, seen: set[int]) -> None:
        waiting = [first]
        while waiting:
            point = waiting.pop()
            if point in seen:
                continue
            seen.add(point)
            self.rows[self.column[point]].append(point)
            waiting.extend(reversed(self.before[point]))

    def order(self) -> None:
        best, fewest = [list(row) for row in self.rows], self.crossings()
        for sweep in range(SWEEPS):
            leftward = sweep % 2 == 0
            around = self.after if leftward else self.before
            for row in reversed(self.rows) if leftward else self.rows:
                self._by_barycenter(row, around)
            self._swap_neighbours()
            now = self.crossings()
            if now < fewest:
                best, fewest = [list(row) for row in self.rows], now
            if fewest == 0:
                break
        self.rows = best

    def _places(self) -> list[int]:
        place = [0] * len(self.column)
        for row in self.rows:
            for at, point in enumerate(row):
                place[point] = at
        return place

    def _by_barycenter(self, row: list[int], around: Sequence[Sequence[int]]) -> None:
        place = self._places()

        def middle(point: int) -> float:
            near = around[point]
            return sum(place[each] for each in near) / len(near) if near else place[point]

        row.sort(key=middle)

    def _swap_neighbours(self) -> None:
        place = self._places()

        def tangled(upper: int, lower: int) -> int:
            sides = (self.before, self.after)
            return sum(
                place[p] > place[q] for side in sides for p in side[upper] for q in side[lower]
            )

        for row in self.rows:
            for at in range(len(row) - 1):
                upper, lower = row[at], row[at + 1]
                if tangled(lower, upper) < tangled(upper, lower):
                    row[at], row[at + 1] = lower, upper
                    place[upper], place[lower] = at + 1, at

    def crossings(self) -> int:
        place = self._places()
        total = 0
        for row in self.rows:
            ends = [(place[p], place[q]) for p in row for q in self.after[p]]
            total += sum(
                (a - c) * (b - d) < 0 for at, (a, b) in enumerate(ends) for c, d in ends[at + 1 :]
            )
        return total

    def heights(self) -> list[float]:
        nodes = len([each for each, owner in enumerate(self.owner) if each == owner])

        def room(first: int, second: int) -> float:
            halves = (0.5 if each < nodes else LANE / 2 for each in (first, second))
            return sum(halves)

        height = [0.0] * len(self.column)
        for row in self.rows:
            for upper, lower in pairwise(row):
                height[lower] = height[upper] + room(upper, lower)
        for sweep in range(SWEEPS):
            for row in self.rows if sweep % 2 else reversed(self.rows):
                wanted = [self._wanted(point, height) for point in row]
                for point, found in zip(row, _apart(row, wanted, room), strict=True):
                    height[point] = found
        lowest = min(height)
        return [each - lowest for each in height]

    def _wanted(self, point: int, height: Sequence[float]) -> float:
        """The mean height of the neighbours; a lane looks first at itself, to be straight."""
        near = self.before[point] + self.after[point]
        if not near:
            return height[point]
        own = [STRAIGHT if self.owner[each] == self.owner[point] else 1 for each in near]
        return sum(w * height[each] for w, each in zip(own, near, strict=True)) / sum(own)


def _apart(
    row: Sequence[int], wanted: Sequence[float], room: Callable[[int, int], float]
) -> list[float]:
    """The heights nearest to those wanted, in least squares, with room between neighbours.

    Less the room, it is a regression onto sequences that never fall: neighbours that would
    overlap are pooled at their mean.
    """
    offsets = [0.0]
    for upper, lower in pairwise(row):
        offsets.append(offsets[-1] + room(upper, lower))
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, many = pools.pop()
            mean, size = (mean * size + other * many) / (size + many), size + many
        pools.append((mean, size))
    flat = [mean for mean, size in pools for _ in range(size)]
    return [each + offset for each, offset in zip(flat, offsets, strict=True)]
