"""Descents as a page to step through: each rate, then its first steps one by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.stepping import Step, stepping_page
from tfviz.draw.svg import Svg
from tfviz.learn.descents.drawing import graph, window_of
from tfviz.learn.descents.plane import Plane
from tfviz.learn.palette import BLUE, FAINT, HAIR, INK, ORANGE

if TYPE_CHECKING:
    from tfviz.learn.descents.lesson import Descent, Walk

SHOWN = 6
WIDTH, HEIGHT = 760, 460


def page(lesson: Descent) -> str:
    """The page as HTML."""
    steps: list[Step] = []
    # A walk that diverges ends in what is no number; nothing of that is drawn.
    with np.errstate(over="ignore", invalid="ignore"):
        for walk in lesson.walks:
            steps.append(_whole(lesson, walk))
            steps += [_one(lesson, walk, k) for k in range(min(SHOWN, len(walk.x) - 1))]
    return stepping_page(
        f"Gradient descent on f(x) = {lesson.curve.formula}",
        steps,
        intro=[
            "The slope at x, the tangent drawn in orange, says which way is down and how steeply. "
            "A step goes against it, rate times slope far: x ← x - rate · f'(x)."
        ],
        notes=["The slopes are taken by a tf.GradientTape in float64, from the function itself."],
        data=lesson.to_dict(),
    )


def _whole(lesson: Descent, walk: Walk) -> Step:
    svg, plane = _ground(lesson, f"The whole walk at rate {walk.rate:.4g}")
    points = list(zip(walk.x, walk.y, strict=True))
    plane.path(points, stroke=BLUE, thick=1.5)
    for x, y in points:
        if plane.holds(x, y):
            svg.circle(*plane.at(x, y), 5, fill=BLUE, stroke="white")
    if plane.holds(*points[0]):
        svg.circle(*plane.at(*points[0]), 7, fill=INK)
    last = len(walk.x) - 1
    return Step(
        f"Rate {walk.rate:.4g}: {walk.verdict}",
        str(svg),
        f"The curve with the places of {last} steps, from x = {walk.x[0]:.4g} to "
        f"x = {walk.x[-1]:.4g}. The walk {walk.verdict}.",
        [f"{last} steps from x = {walk.x[0]:g}: the walk {walk.verdict}."],
        [
            ("step", "x", "f(x)", "slope"),
            *(
                (str(k), f"{walk.x[k]:.6g}", f"{walk.y[k]:.6g}", f"{walk.slope[k]:.6g}")
                for k in (*range(min(4, last)), last)
            ),
        ],
    )


def _one(lesson: Descent, walk: Walk, k: int) -> Step:
    x, y, slope, after = walk.x[k], walk.y[k], walk.slope[k], walk.x[k + 1]
    svg, plane = _ground(lesson, f"Step {k + 1} at rate {walk.rate:.4g}")
    for i in range(k):
        if plane.holds(walk.x[i], walk.y[i]):
            svg.circle(*plane.at(walk.x[i], walk.y[i]), 4, fill=HAIR)
    (low, high), (bottom, _) = plane.window
    # As long on the page whatever its slope.
    run = (high - low) * 0.2 / math.hypot(1, slope * _pixels(plane))
    plane.path([(x - run, y - run * slope), (x + run, y + run * slope)], stroke=ORANGE, thick=2.5)
    if plane.holds(x, y):
        svg.circle(*plane.at(x, y), 7, fill=INK)
    # The step along the axis, and up to the curve.
    level = bottom
    if low <= x <= high:
        plane.path([(x, y), (x, level)], stroke=FAINT, thick=1, dashed=True)
        end = min(max(after, low), high)
        start_px, end_px = plane.at(x, level), plane.at(end, level)
        if abs(start_px[0] - end_px[0]) > 3:
            svg.line(
                [(start_px[0], start_px[1] - 6), (end_px[0], end_px[1] - 6)],
                stroke=BLUE,
                thick=3,
                arrow=True,
            )
    if plane.holds(after, walk.y[k + 1]):
        plane.path([(after, level), (after, walk.y[k + 1])], stroke=FAINT, thick=1, dashed=True)
        svg.circle(*plane.at(after, walk.y[k + 1]), 6, fill=BLUE)
    where = "" if plane.holds(after, walk.y[k + 1]) else " It lies outside the picture."
    way = "right" if after > x else "left" if after < x else "nowhere"
    return Step(
        f"Rate {walk.rate:.4g}, step {k + 1}",
        str(svg),
        f"At x = {x:.5g} the tangent has the slope {slope:.5g}; the step goes {way}, to "
        f"x = {after:.5g}.{where}",
        [],
        code=f"f({x:.6g}) = {y:.6g}\nf'({x:.6g}) = {slope:.6g}\n"
        f"x ← {x:.6g} - {walk.rate:.4g} · {_bracket(slope)} = {after:.6g}{where}",
        level=1,
    )


def _ground(lesson: Descent, title: str) -> tuple[Svg, Plane]:
    svg = Svg(WIDTH, HEIGHT, title)
    plane = Plane(svg, (56, 30, WIDTH - 76, HEIGHT - 82), window_of(lesson))
    plane.frame("x", "f(x)")
    x, y = graph(lesson.curve, plane.window[0], 101)
    plane.path(list(zip(x, y, strict=True)), stroke=HAIR, thick=4)
    return svg, plane


def _pixels(plane: Plane) -> float:
    """How many times as long as one of x is one of y, on the page."""
    (x0, x1), (y0, y1) = plane.window
    return (plane.box[3] / (y1 - y0)) / (plane.box[2] / (x1 - x0))


def _bracket(value: float) -> str:
    return f"({value:.6g})" if value < 0 else f"{value:.6g}"
