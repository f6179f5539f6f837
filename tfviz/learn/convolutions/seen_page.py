"""A convolution as a page to step through: every output pixel in its turn."""

from __future__ import annotations

import math

from tfviz.draw.stepping import Step, stepping_page
from tfviz.draw.svg import Svg
from tfviz.learn.convolutions.seen import SeenConvolution, Tap, short
from tfviz.learn.palette import BLUE, FAINT, HAIR, INK, ORANGE

PADDED, SEEN, PADDED_SEEN = "#e4e6e9", "#fde3cf", "#efcfb6"
CELL, GAP, TOP = 46.0, 60.0, 46.0
# A page of so many steps, or of so many cells drawn, is long enough; what lies between is like
# what is shown.
MOST_STEPS, MOST_CELLS = 100, 20_000


def page(lesson: SeenConvolution) -> str:
    """The page as HTML."""
    rows, columns = lesson.output.shape
    places = [(row, column) for row in range(rows) for column in range(columns)]
    around = (lesson.input.shape[axis] + sum(lesson.padding(axis)) for axis in (0, 1))
    cells = math.prod(around) + lesson.kernel.size + lesson.output.size
    most = min(MOST_STEPS, MOST_CELLS // cells)
    shown = places if len(places) <= most else [*places[: most - 1], places[-1]]
    left_out = len(places) - len(shown)
    more = [f"{left_out} output pixels before the last are left out."] if left_out else []
    return stepping_page(
        f"A convolution, tap by tap: {lesson.kernel_name}",
        [_step(lesson, place, places.index(place)) for place in shown],
        intro=[
            f"{lesson.source[0].upper()}{lesson.source[1:]}. The kernel is laid on the input, what "
            "lies under each tap is multiplied by its weight, and the sum is one output pixel.",
            *lesson.sizes(),
        ],
        notes=[*lesson.notes, *more],
        data=lesson.to_dict(),
    )


def _step(lesson: SeenConvolution, place: tuple[int, int], done: int) -> Step:
    row, column = place
    taps = lesson.taps(row, column)
    padded = sum(each.padded for each in taps)
    where = ", ".join(f"({tap.row}, {tap.column})" for tap in taps if not tap.padded)
    beside = f" {padded} of {len(taps)} taps stand in the padding." if padded else ""
    value = float(lesson.output[row, column])
    return Step(
        f"Output row {row}, column {column}",
        str(_picture(lesson, place, taps, done)),
        f"The kernel looks at the input pixels (row, column) {where or 'none'}.{beside} The output "
        f"is {short(value)}.",
        [],
        code=_sum(taps, value, lesson.kernel.shape[1]),
    )


def _sum(taps: list[Tap], value: float, across: int) -> str:
    """The products, laid out as the kernel is."""
    cells = [f"{short(tap.weight)}·{_bracket(tap.value)}" for tap in taps]
    width = max(map(len, cells))
    rows = [
        " + ".join(f"{each:>{width}}" for each in cells[i : i + across])
        for i in range(0, len(cells), across)
    ]
    return "  " + "\n+ ".join(rows) + f"\n= {short(value)}"


def _bracket(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def _picture(lesson: SeenConvolution, place: tuple[int, int], taps: list[Tap], done: int) -> Svg:
    (top, bottom), (left, right) = lesson.padding(0), lesson.padding(1)
    height, width = lesson.input.shape
    kernel_height, kernel_width = lesson.kernel.shape
    out_height, out_width = lesson.output.shape
    around = (height + top + bottom, width + left + right)
    tall = max(around[0], kernel_height, out_height)
    total = CELL * (around[1] + kernel_width + out_width) + 2 * GAP + 20
    svg = Svg(total, TOP + CELL * tall + 10, f"Output row {place[0]}, column {place[1]}")
    seen = {(tap.row, tap.column) for tap in taps}
    x = 10.0
    y = _heading(svg, x, f"input {height}x{width}", around[0], tall)
    for r in range(-top, height + bottom):
        for c in range(-left, width + right):
            inside = 0 <= r < height and 0 <= c < width
            looked = (r, c) in seen
            fill = (SEEN if inside else PADDED_SEEN) if looked else "white" if inside else PADDED
            text = short(float(lesson.input[r, c])) if inside else "0"
            _cell(svg, x + (c + left) * CELL, y + (r + top) * CELL, text, fill, inside)
    for tap in taps:
        svg.box(
            x + (tap.column + left) * CELL + 1,
            y + (tap.row + top) * CELL + 1,
            CELL - 2,
            CELL - 2,
            stroke=ORANGE,
            thick=2.5,
        )
    x += CELL * around[1] + GAP
    y = _heading(svg, x, f"kernel {kernel_height}x{kernel_width}", kernel_height, tall)
    for r in range(kernel_height):
        for c in range(kernel_width):
            _cell(svg, x + c * CELL, y + r * CELL, short(float(lesson.kernel[r, c])), SEEN, True)
    x += CELL * kernel_width + GAP
    y = _heading(svg, x, f"output {out_height}x{out_width}", out_height, tall)
    for r in range(out_height):
        for c in range(out_width):
            known = r * out_width + c <= done
            text = short(float(lesson.output[r, c])) if known else ""
            _cell(svg, x + c * CELL, y + r * CELL, text, "white", True)
    svg.box(x + place[1] * CELL, y + place[0] * CELL, CELL, CELL, stroke=BLUE, thick=3)
    return svg


def _heading(svg: Svg, x: float, text: str, rows: int, tall: int) -> float:
    """Write above a grid what it is; returns where the grid begins."""
    y = TOP + CELL * (tall - rows) / 2
    svg.text(x, y - 12, text, size=17, fill=INK)
    return y


def _cell(svg: Svg, x: float, y: float, text: str, fill: str, inside: bool) -> None:
    svg.box(x, y, CELL, CELL, fill=fill, stroke=HAIR)
    if text:
        size = min(17.0, CELL * 1.5 / max(3, len(text)))
        svg.text(
            x + CELL / 2,
            y + CELL / 2 + size / 3,
            text,
            size=size,
            fill=INK if inside else FAINT,
            anchor="middle",
        )
