"""A graph as a drawing: boxes joined by wires, values above each wire and gradients below it.

Source of the notation: Stanford's cs231n, notes on back-propagation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from tfviz.draw.svg import text_width
from tfviz.learn.expressions.canvas import Canvas
from tfviz.learn.expressions.layered import Layout, layered
from tfviz.learn.palette import FAINT, GRADIENT, INK, VALUE

SIZE = 18
SMALL = 14
BOX = 42
PITCH = 92
MARGIN = 26
HEADING = 62
BETWEEN = 46
LEAST_STUB = 30
TINT = {VALUE: "#e3f0f8", GRADIENT: "#fbe9df"}
COLOURS = {"input": "#ffffff", "constant": "#f3f4f6"}
OPERATION = "#eef1f4"

Piece = tuple[tuple[float, float], tuple[float, float], str]
"""Of a wire: from, to, and 'line', 'curve', or 'arrow' for a curve that ends at a box."""


@dataclass(frozen=True)
class Mark:
    """A box of the drawing.

    Attributes:
        label: What stands in it.
        parents: Indices of the boxes whose wires end in it.
        caption: What stands over it.
        above: What stands above its wire.
        below: What stands below it.
        kind: 'input', 'constant' or 'operation'.
    """

    label: str
    parents: Sequence[int] = ()
    caption: str = ""
    above: str = ""
    below: str = ""
    kind: str = "operation"


@dataclass(frozen=True)
class Shown:
    """Which part of a drawing is shown how.

    Attributes:
        values: The boxes whose values are there already; None for all.
        gradients: The boxes whose gradients are there already; None for all.
        now: The box of which a step tells.
        wires: (parent, child) of the wires that it uses.
        colour: That of the step.
    """

    values: Collection[int] | None = None
    gradients: Collection[int] | None = None
    now: Collection[int] = ()
    wires: Collection[tuple[int, int]] = ()
    colour: str = VALUE


@dataclass(frozen=True)
class Diagram:
    """A drawing of a graph, laid out once and drawn as often as there are steps.

    Attributes:
        marks: Parents before children.
        title: Over the drawing.
        above: What stands above the wires, for the legend.
        below: What stands below them.
    """

    marks: Sequence[Mark]
    title: str = ""
    above: str = "value"
    below: str = "gradient"

    @cached_property
    def layout(self) -> Layout:
        """Where everything goes."""
        return layered([each.parents for each in self.marks])

    def draw(self, canvas: Canvas, shown: Shown | None = None) -> None:
        """Draw the graph, wires first, and what a step shows of it."""
        shown = shown or Shown()
        self.draw_graph(canvas)
        self.draw_marked(canvas, shown)
        for index in range(len(self.marks)):
            now = index in shown.now
            if shown.values is None or index in shown.values:
                self.draw_value(canvas, index, bold=now)
            if shown.gradients is None or index in shown.gradients:
                self.draw_gradient(canvas, index, bold=now)

    def draw_graph(self, canvas: Canvas) -> None:
        """All that is the same in every step: heading, wires, boxes, captions."""
        canvas.text(MARGIN, 34, self.title, size=20, bold=True)
        x = float(MARGIN)
        for text, colour in zip(self._legend, (VALUE, GRADIENT), strict=True):
            canvas.text(x, 60, text, size=15, fill=colour)
            x += text_width(text, 15) + 18
        # A lane that several children share is drawn once.
        wires: dict[Piece, None] = dict.fromkeys(
            piece
            for index in range(len(self.marks))
            for child in self._children[index]
            for piece in self._way(index, child)
        )
        for piece in wires:
            _stroke(canvas, piece, FAINT, 1.5, arrow=True)
        for index in range(len(self.marks)):
            self._box(canvas, index)

    def draw_marked(self, canvas: Canvas, shown: Shown) -> None:
        """The wires and boxes of which a step tells, over those of the graph."""
        for parent, child in shown.wires:
            for piece in self._way(parent, child):
                # Values go the way of the arrows; gradients go against it.
                _stroke(canvas, piece, shown.colour, 3.2, arrow=shown.colour != GRADIENT)
        for index in shown.now:
            self._box(canvas, index, shown.colour)

    def draw_value(self, canvas: Canvas, index: int, *, bold: bool = False) -> None:
        """What stands above a wire."""
        x, y = self._beside(index)
        canvas.text(x, y - 6, self.marks[index].above, size=SIZE, fill=VALUE, bold=bold)

    def draw_gradient(self, canvas: Canvas, index: int, *, bold: bool = False) -> None:
        """What stands below a wire."""
        x, y = self._beside(index)
        canvas.text(x, y + SIZE + 3, self.marks[index].below, size=SIZE, fill=GRADIENT, bold=bold)

    def across(self, index: int) -> float:
        """How far across the drawing a box lies, as a part of its width."""
        return (self._places[index][0] + self._box_width(index) / 2) / self.size[0]

    @property
    def _legend(self) -> tuple[str, str]:
        return f"{self.above} above the wire", f"{self.below} below"

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of the drawing, in pixels."""
        height = self._top + self.layout.rows * PITCH + BOX / 2 + MARGIN + 8
        return max(self._heading, self._graph + 2 * MARGIN), height

    @property
    def _heading(self) -> float:
        """How wide what stands over the graph is, with margins."""
        legend = sum(text_width(each, 15) for each in self._legend) + 18
        return max(text_width(self.title, 20), legend) + 2 * MARGIN

    @property
    def _top(self) -> float:
        return HEADING + MARGIN + BOX / 2 + (SMALL + 6)

    @property
    def _graph(self) -> float:
        """How wide the graph is."""
        return sum(self._widths) + BETWEEN * (self.layout.columns - 1)

    @cached_property
    def _widths(self) -> tuple[float, ...]:
        """Of each column."""
        widths = []
        for column in range(self.layout.columns):
            inside = [i for i, each in enumerate(self.layout.column) if each == column]
            boxes = max(self._box_width(each) for each in inside)
            stubs = max(self._stub(each) for each in inside)
            words = max(text_width(self.marks[each].caption, SMALL) for each in inside)
            widths.append(max(boxes + stubs, words))
        return tuple(widths)

    @cached_property
    def _starts(self) -> tuple[float, ...]:
        """Where each column begins, and where one more would."""
        starts = [max(MARGIN, (self._heading - self._graph) / 2)]
        for width in self._widths:
            starts.append(starts[-1] + width + BETWEEN)
        return tuple(starts)

    def _box_width(self, index: int) -> float:
        return max(BOX, text_width(self.marks[index].label, SIZE) + 20)

    def _stub(self, index: int) -> float:
        mark = self.marks[index]
        words = max(text_width(each, SIZE) for each in (mark.above, mark.below))
        return max(LEAST_STUB, words + 14)

    def _y(self, height: float) -> float:
        return self._top + height * PITCH

    @cached_property
    def _places(self) -> tuple[tuple[float, float], ...]:
        """The left end of every box, at half its height."""
        widest = [0.0] * self.layout.columns
        for index, column in enumerate(self.layout.column):
            widest[column] = max(widest[column], self._box_width(index))
        return tuple(
            (
                self._starts[column] + (widest[column] - self._box_width(index)) / 2,
                self._y(height),
            )
            for index, (column, height) in enumerate(
                zip(self.layout.column, self.layout.height, strict=True)
            )
        )

    @cached_property
    def _children(self) -> tuple[list[int | None], ...]:
        """Of every box; None stands for the way out of one that has no other."""
        found: tuple[list[int | None], ...] = tuple([] for _ in self.marks)
        for index, mark in enumerate(self.marks):
            for parent in dict.fromkeys(mark.parents):
                found[parent].append(index)
        return tuple(each or [None] for each in found)

    def _beside(self, index: int) -> tuple[float, float]:
        x, y = self._places[index]
        return x + self._box_width(index) + 7, y

    def _entry(self, parent: int, child: int) -> float:
        """How far from a child's middle a parent's wire ends: wires side by side, uncrossed."""
        heights = []
        for each in dict.fromkeys(self.marks[child].parents):
            passed = [h for c, h in self.layout.lanes[each] if c == self.layout.column[child] - 1]
            heights.append(((passed or [self.layout.height[each]])[0], each))
        order = [each for _, each in sorted(heights)]
        return 14 * (order.index(parent) - (len(order) - 1) / 2)

    def _way(self, index: int, child: int | None) -> list[Piece]:
        """The pieces of a wire from a box to a child of it, or to nowhere."""
        x, y = self._places[index]
        start = (x + self._box_width(index), y)
        if child is None:
            return [(start, (start[0] + self._stub(index), y), "line")]
        at = (self._starts[self.layout.column[index] + 1] - BETWEEN, y)
        pieces: list[Piece] = [(start, at, "line")]
        for column, height in self.layout.lanes[index]:
            if column >= self.layout.column[child]:
                break
            left = (self._starts[column], self._y(height))
            right = (self._starts[column + 1] - BETWEEN, self._y(height))
            pieces += [(at, left, "curve"), (left, right, "line")]
            at = right
        to_x, to_y = self._places[child]
        return [*pieces, (at, (to_x, to_y + self._entry(index, child)), "arrow")]

    def _box(self, canvas: Canvas, index: int, colour: str | None = None) -> None:
        mark = self.marks[index]
        x, y = self._places[index]
        width = self._box_width(index)
        canvas.box(
            x,
            y - BOX / 2,
            width,
            BOX,
            fill=TINT[colour] if colour else COLOURS.get(mark.kind, OPERATION),
            stroke=colour or INK,
            radius=8 if mark.kind == "operation" else BOX / 2,
            thick=3.2 if colour else 1.5,
        )
        canvas.text(x + width / 2, y + SIZE * 0.35, mark.label, size=SIZE, anchor="middle")
        if mark.caption and not colour:
            left = self._starts[self.layout.column[index]]
            canvas.text(left, y - BOX / 2 - 7, mark.caption, size=SMALL, fill=FAINT)


def _stroke(canvas: Canvas, piece: Piece, colour: str, thick: float, *, arrow: bool) -> None:
    start, end, kind = piece
    if kind == "line":
        canvas.line([start, end], stroke=colour, thick=thick)
    else:
        canvas.curve(start, end, stroke=colour, thick=thick, arrow=arrow and kind == "arrow")
