"""A race as a page to step through: moments of it, with everybody's numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.stepping import Step, stepping_page
from tfviz.draw.svg import Svg
from tfviz.learn.descents.plane import Plane, Window
from tfviz.learn.optimizers.figure import result
from tfviz.learn.optimizers.ground import contours, fitted
from tfviz.learn.palette import BLUE, FAINT, GREEN, HAIR, INK, ORANGE

if TYPE_CHECKING:
    from tfviz.learn.optimizers.lesson import Race
    from tfviz.learn.optimizers.race import Run

WIDTH, HEIGHT = 1000, 560
BOX = (50.0, 20.0, WIDTH - 280.0, HEIGHT - 64.0)
MOMENTS = 24
# How much of the way behind is drawn: all for a few, a tail for many.
TAIL = 12
FEW = 6
# White numbers are read on these; as many as ways that are drawn whole. The fourth is the pink of
# the other pictures, darker.
DARK = (BLUE, ORANGE, GREEN, "#A0487F", INK, FAINT)


def moments(steps: int) -> list[int]:
    """Steps worth stopping at: each of the first, then ever fewer.

    >>> moments(100)[:9], moments(100)[-1]
    ([0, 1, 2, 3, 4, 5, 6, 7, 8], 100)
    """
    early = range(min(steps, 8) + 1)
    later = np.geomspace(8, max(steps, 8), MOMENTS - 8).round().astype(int)
    return sorted({*early, *(int(each) for each in later if each <= steps)})


def page(race: Race) -> str:
    """The page as HTML."""
    # A line of a screen is as good with fewer points, and each moment carries them.
    window = fitted(race.surface, BOX[2] / BOX[3])
    lines = contours(race.surface, window, samples=(61, 61))
    return stepping_page(
        f"{_counted(len(race.runs), 'optimizer')} on the {race.surface.name}",
        [_moment(race, window, lines, k) for k in moments(race.steps)],
        intro=[f"f = {race.surface.formula}: {race.surface.lesson}."],
        notes=race.notes,
        data={key: value for key, value in race.to_dict().items() if key != "runs"},
    )


def _moment(race: Race, window: Window, lines: list[np.ndarray], k: int) -> Step:
    svg = Svg(WIDTH, HEIGHT, f"{race.surface.name} after {k} steps")
    plane = Plane(svg, BOX, window)
    for line in lines:
        plane.path(line, stroke=HAIR, thick=1)
    plane.frame("", "")
    for place in race.surface.minima:
        x, y = plane.at(*place)
        svg.text(x, y + 8, "★", size=24, fill=GREEN, anchor="middle")
    for number, run in enumerate(race.runs):
        all_of_it = len(race.runs) <= FEW and run.lost is None
        begin = 0 if all_of_it else max(0, k - TAIL)
        plane.path(run.points[begin : k + 1], stroke=_colour(number), thick=1.8)
    for number, run in enumerate(race.runs):
        place = (float(run.points[k][0]), float(run.points[k][1]))
        top = 34 + number * (HEIGHT - 60) / max(16, len(race.runs))
        svg.circle(WIDTH - 212, top - 5, 11, fill=_colour(number))
        svg.text(WIDTH - 212, top, str(number + 1), size=13, fill="white", anchor="middle")
        away = "" if plane.holds(*place) else " (outside)"
        svg.text(WIDTH - 194, top, f"{run.name}{away}", size=15, fill=INK)
        if plane.holds(*place):
            x, y = plane.at(*place)
            svg.circle(x, y, 11, fill=_colour(number), stroke="white")
            svg.text(x, y + 5, str(number + 1), size=13, fill="white", anchor="middle")
    best = min(race.runs, key=lambda each: _or_infinite(each.gaps[k]))
    last = k == race.steps
    return Step(
        f"After {_counted(k, 'step')}" + (", the end" if last else ""),
        str(svg),
        f"The surface from above with {_counted(len(race.runs), 'numbered place')} after "
        f"{_counted(k, 'step')}. {'Lowest' if len(race.runs) > 1 else 'There'} is {best.name}, "
        f"{best.gaps[k]:.3g} above the minimum. All places are in the table.",
        [],
        [
            ("", "optimizer", "rate", "x, y", "gap", "last step", *_state_heads(race)),
            *(
                (
                    str(number + 1),
                    run.name + (f": {result(race, run)}" if last else ""),
                    f"{run.rate:.3g}",
                    f"{run.points[k][0]:.4g}, {run.points[k][1]:.4g}",
                    f"{run.gaps[k]:.3g}",
                    "" if k == 0 else f"{np.hypot(*run.moves[k - 1]):.3g}",
                    *_state(race, run, k),
                )
                for number, run in enumerate(race.runs)
            ),
        ],
    )


def _state_heads(race: Race) -> tuple[str, ...]:
    return ("what it keeps",) if any(each.state for each in race.runs) else ()


def _state(race: Race, run: Run, k: int) -> tuple[str, ...]:
    if not _state_heads(race):
        return ()
    if k == 0:
        return ("",)
    kept = (
        f"{name.replace('_', ' ')} {values[k - 1][0]:.3g}, {values[k - 1][1]:.3g}"
        for name, values in run.state.items()
    )
    return ("; ".join(kept),)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _colour(number: int) -> str:
    return DARK[number % len(DARK)]


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf
