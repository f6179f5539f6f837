"""The 2-2-2 net as it is always drawn, and a curve of its error."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tfviz.draw.svg import text_width
from tfviz.learn.expressions.canvas import Canvas
from tfviz.learn.nets.numbers import spread
from tfviz.learn.palette import FAINT, GRADIENT, HAIR, INK, VALUE

if TYPE_CHECKING:
    from tfviz.learn.nets.two_lesson import TwoTwoTwo

SIZE = (1160.0, 652.0)
RADIUS = 40.0
UNITS = {
    "i1": (120.0, 180.0),
    "i2": (120.0, 400.0),
    "h1": (520.0, 180.0),
    "h2": (520.0, 400.0),
    "o1": (920.0, 180.0),
    "o2": (920.0, 400.0),
    "b1": (320.0, 560.0),
    "b2": (720.0, 560.0),
}
# Where each wire leads, and how far along it its label stands: beside the crossings.
WIRES = {
    "w1": ("i1", "h1", 0.5),
    "w2": ("i2", "h1", 0.27),
    "w3": ("i1", "h2", 0.27),
    "w4": ("i2", "h2", 0.5),
    "w5": ("h1", "o1", 0.5),
    "w6": ("h2", "o1", 0.27),
    "w7": ("h1", "o2", 0.27),
    "w8": ("h2", "o2", 0.5),
}
BIASED = {"b1": ("h1", "h2"), "b2": ("o1", "o2")}
LETTERS = 16
LEAST_STEPS = 10
"""Fewer make no curve."""


def draw_net(
    canvas: Canvas,
    lesson: TwoTwoTwo,
    *,
    units: Collection[str] = (),
    wires: Collection[str] = (),
    back: bool = False,
    values: Collection[str] | None = None,
    new: Collection[str] | None = None,
) -> None:
    """Draw the net.

    Args:
        canvas: Of `SIZE`.
        lesson: Its numbers.
        units: To be marked.
        wires: To be marked.
        back: Mark them in the colour of what flows back.
        values: The units whose values are told; None for all.
        new: The weights whose new values are told; None for all.
    """
    colour = GRADIENT if back else VALUE
    canvas.text(40, 44, "One step of back-propagation through a 2-2-2 net", size=22, bold=True)
    error = f"error {lesson.forward.error:.9f}"
    if values is None or "o1" in values:
        canvas.text(40, 74, error, size=LETTERS, fill=VALUE)
    if new is None:
        told = f"after the step {lesson.error_after:.9f}"
        canvas.text(40 + text_width(error, LETTERS) + 14, 74, told, size=LETTERS, fill=GRADIENT)
    for bias, ends in BIASED.items():
        for end in ends:
            _wire(canvas, bias, end, colour if bias in wires else HAIR, 3 if bias in wires else 1.5)
    for name, (start, end, _) in WIRES.items():
        hot = name in wires
        _wire(canvas, start, end, colour if hot else FAINT, 3 if hot else 1.5)
    for name, (start, end, part) in WIRES.items():
        _weight(canvas, lesson, name, _between(start, end, part), new)
    for name in UNITS:
        _unit(canvas, lesson, name, name in units, colour, values)


def _between(start: str, end: str, part: float) -> tuple[float, float]:
    (x1, y1), (x2, y2) = UNITS[start], UNITS[end]
    return x1 + part * (x2 - x1), y1 + part * (y2 - y1)


def _wire(canvas: Canvas, start: str, end: str, colour: str, thick: float) -> None:
    (x1, y1), (x2, y2) = UNITS[start], UNITS[end]
    length = math.hypot(x2 - x1, y2 - y1)
    dx, dy = (x2 - x1) / length * RADIUS, (y2 - y1) / length * RADIUS
    canvas.line([(x1 + dx, y1 + dy), (x2 - dx, y2 - dy)], stroke=colour, thick=thick, arrow=True)


def _weight(
    canvas: Canvas,
    lesson: TwoTwoTwo,
    name: str,
    place: tuple[float, float],
    new: Collection[str] | None,
) -> None:
    index = int(name[1:]) - 1
    old = f"{name}  {lesson.weights[index]:.6g}"
    after = f"→ {lesson.new_weights[index]:.6g}" if new is None or name in new else ""
    width = max(text_width(old, LETTERS), text_width(after, LETTERS)) + 8
    height = 46 if after else 26
    x, y = place
    canvas.box(x - width / 2, y - height / 2, width, height, fill="#ffffff")
    canvas.text(x, y + (-3 if after else 6), old, size=LETTERS, anchor="middle", fill=INK)
    if after:
        canvas.text(x, y + 17, after, size=LETTERS, anchor="middle", fill=GRADIENT)


def _unit(
    canvas: Canvas,
    lesson: TwoTwoTwo,
    name: str,
    marked: bool,
    colour: str,
    values: Collection[str] | None,
) -> None:
    x, y = UNITS[name]
    slot = int(name[1]) - 1
    fill = "#f3f4f6" if name[0] == "b" else "#ffffff"
    canvas.circle(x, y, RADIUS + (3 if marked else 0), fill=colour if marked else INK)
    canvas.circle(x, y, RADIUS - 1.5, fill=fill)
    canvas.text(x, y - 3, name, size=18, anchor="middle", bold=True)
    known = {"i": lesson.inputs, "b": lesson.biases, "h": lesson.forward.hidden}
    value = {**known, "o": lesson.forward.output}[name[0]][slot]
    if values is None or name in values or name[0] in "ib":
        canvas.text(x, y + 18, f"{value:.4g}", size=LETTERS, anchor="middle", fill=VALUE)
    if name[0] == "o":
        target = f"target {lesson.targets[slot]:.4g}"
        canvas.text(x + RADIUS + 12, y + 6, target, size=LETTERS, fill=INK)


def draw_errors(
    canvas: Canvas,
    curves: Sequence[tuple[str, str, Sequence[float]]],
    size: tuple[float, float],
    what: str = "error",
) -> None:
    """Errors against steps in powers of ten; the errors too, where they span more than one.

    Args:
        canvas: Of `size`.
        curves: (label, colour, error before the first step and after each one).
        size: Width and height in pixels.
        what: The name of the error.
    """
    left, right, top, bottom = 110.0, size[0] - 210, 50.0, size[1] - 70
    errors_ = [e for _, _, errors in curves for e in errors[1:] if 0 < e < math.inf]
    if not errors_:
        return
    decades = max(1.0, math.log10(max(len(errors) - 1 for _, _, errors in curves)))
    heights = _decades(errors_) if max(errors_) > 10 * min(errors_) else _even(errors_)
    lowest, highest = heights[0][0], heights[-1][0]
    logarithmic = lowest > 0

    def place(step: int, error: float) -> tuple[float, float]:
        if logarithmic:
            part = math.log10(error / lowest) / math.log10(highest / lowest)
        else:
            part = error / highest
        across = left + (right - left) * math.log10(step) / decades
        return across, bottom - (bottom - top) * part

    for error, name in heights:
        y = place(1, error)[1]
        canvas.line([(left, y), (right, y)], stroke=HAIR, thick=1)
        canvas.text(left - 10, y + 6, name, size=LETTERS, anchor="end", fill=FAINT)
    for power in range(int(decades) + 1):
        x = place(10**power, highest)[0]
        canvas.text(x, bottom + 26, f"{10**power:,}", size=LETTERS, anchor="middle", fill=FAINT)
    canvas.text((left + right) / 2, bottom + 54, "steps", size=LETTERS, anchor="middle")
    canvas.text(left, top - 22, what, size=LETTERS)
    ends: list[float] = []
    for label, colour, errors in curves:
        steps = [step for step in spread(len(errors) - 1) if 0 < errors[step] < math.inf]
        if not steps:
            continue
        points = [place(step, errors[step]) for step in steps]
        canvas.line([points[0], *points], stroke=colour, thick=3)
        y = points[-1][1] + 6
        while any(abs(y - other) < 20 for other in ends):
            y -= 20
        ends.append(y)
        canvas.text(points[-1][0] + 10, y, label, size=LETTERS, fill=colour)


def _decades(errors: Sequence[float]) -> list[tuple[float, str]]:
    """Heights of the powers of ten around all errors, and their names."""
    lowest, highest = math.floor(math.log10(min(errors))), math.ceil(math.log10(max(errors)))
    # Some dozens of powers would write over each other.
    every = 1 + (highest - lowest) // 9
    return [(10.0**power, f"{10.0**power:g}") for power in range(lowest, highest + every, every)]


def _even(errors: Sequence[float]) -> list[tuple[float, str]]:
    """Heights from 0 on, at equal distances of a round number."""
    largest = max(errors)
    unit = 10.0 ** math.floor(math.log10(largest))
    distance = next(part * unit for part in (0.2, 0.5, 1, 2, 5) if largest <= 6 * part * unit)
    count = math.ceil(largest / distance)
    return [(each * distance, f"{each * distance:g}") for each in range(count + 1)]
