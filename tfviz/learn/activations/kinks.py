"""Where a function of one number has a jump, a corner, or a bend that is not smooth.

Found from the values alone, so that it does not depend on what the tape believes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfviz.learn.activations.tape import BLUR, Curve, Function, curve, slopes, values

STEP = 1e-5
"""Of the difference quotients of the first derivative: error about STEP^2 and 1e-16 / STEP."""
NEAREST = 1e-12
"""Beside a kink; not the next number of all, because TensorFlow flushes those next to 0 to 0."""
SHARP = 1e-10
"""How well the place of a kink is known, before it is taken for the round number next to it."""
ROUNDS = 16
"""Of narrowing down a kink, each to a 51st."""
LOUDER = 5.0
"""How many times as large as around it a change has to be, to be no part of a smooth curve."""


@dataclass(frozen=True)
class Kink:
    """A place where f, f' or f'' jumps.

    Attributes:
        x: Where.
        kind: 'jump' of f itself, 'corner' (f' jumps), or 'bend' (f'' jumps).
        value: f from the left and from the right.
        slope: f' from the left and from the right, by one-sided difference quotients.
        curvature: f'' just left and just right, by the tape.
        picked_value: f at x.
        picked_slope: What the tape gives for f' at x.
        picked_curvature: What the tape gives for f'' at x.
    """

    x: float
    kind: str
    value: tuple[float, float]
    slope: tuple[float, float]
    curvature: tuple[float, float]
    picked_value: float
    picked_slope: float
    picked_curvature: float


def one_sided(
    function: Function, x: np.ndarray, *, beside: bool = False, step: float = STEP
) -> tuple[np.ndarray, np.ndarray]:
    """F' from the left and from the right, by difference quotients of second order.

    Args:
        function: Works on each element by itself.
        x: Of shape (n,).
        beside: Start just beside x in place of at x, for where f jumps.
        step: Between the points of a quotient.
    """
    left, right = (x - NEAREST, x + NEAREST) if beside else (x, x)
    points = np.stack([left, left - step, left - 2 * step, right, right + step, right + 2 * step])
    a, b, c, d, e, f = values(function, points)
    return (3 * a - 4 * b + c) / (2 * step), -(3 * d - 4 * e + f) / (2 * step)


def find_kinks(function: Function, seen: Curve) -> tuple[Kink, ...]:
    """All kinks in the range of a curve on an even grid, in order.

    Args:
        function: Works on each element by itself.
        seen: Of that function.
    """
    x, grid = seen.x, float(seen.x[1] - seen.x[0])

    def value_at(points: np.ndarray) -> np.ndarray:
        return values(function, points)

    def slope_at(points: np.ndarray) -> np.ndarray:
        return slopes(function, points)

    def curvature_at(points: np.ndarray) -> np.ndarray:
        return curve(function, points).curvature

    jumps = _places(x, seen.value, value_at, floor=10 * grid)
    quotients = np.diff(seen.value) / grid
    corners = _places(x[1:-1], quotients, slope_at, floor=2e-3, wide=grid)
    slack = 2 * BLUR if seen.no_curvature else SHARP
    bends = _places(x, seen.curvature, curvature_at, floor=1e-2, slack=slack)
    kinks: dict[float, str] = {}
    for kind, places in (("jump", jumps), ("corner", corners), ("bend", bends)):
        for place in places:
            if all(abs(place - other) > 1e-5 for other in kinks):
                kinks[place] = kind
    beside = 10 * slack
    return tuple(_kink(function, place, kinks[place], beside) for place in sorted(kinks))


def _places(
    x: np.ndarray,
    heights: np.ndarray,
    at: Callable[[np.ndarray], np.ndarray],
    *,
    floor: float,
    wide: float = 0.0,
    slack: float = SHARP,
) -> list[float]:
    """Where `heights` jump: found on the grid, then narrowed down to the last digits."""
    change = np.abs(np.diff(heights))
    change = np.where(np.isfinite(change), change, 0.0)
    padded = np.pad(change, 3, mode="edge")
    around = np.maximum(padded[:-6], padded[6:])
    size = 1 + np.abs(np.where(np.isfinite(heights[1:]), heights[1:], 0.0))
    loud = np.flatnonzero(change > LOUDER * around + floor * np.minimum(size, 10))
    found: list[float] = []
    for index in loud.tolist():
        low = float(x[min(index, len(x) - 1)]) - wide - 1e-3
        high = float(x[min(index + 1, len(x) - 1)]) + wide + 1e-3
        place, height = _narrow(at, low, high, slack)
        # A steep but smooth stretch flattens out when looked at closely; a jump stays.
        if height > 0.5 * floor and all(abs(place - other) > 1e-6 for other in found):
            found.append(place)
    return found


def _narrow(
    at: Callable[[np.ndarray], np.ndarray], low: float, high: float, slack: float
) -> tuple[float, float]:
    for _ in range(ROUNDS):
        # An odd number of pieces: a kink in the very middle falls into a piece, not on an edge.
        points = np.linspace(low, high, 52)
        change = np.abs(np.diff(at(points)))
        loudest = int(np.argmax(np.where(np.isfinite(change), change, 0.0)))
        low, high = float(points[loudest]), float(points[loudest + 1])
        if high - low < 1e-13 * max(1.0, abs(low)):
            break
    middle = (low + high) / 2
    near = round(middle, 9 if slack == SHARP else 5)
    place = near + 0.0 if abs(middle - near) < slack * max(1.0, abs(near)) else middle
    beside = max(1e-7, 2 * slack)
    return place, float(np.abs(np.diff(at(place + np.array([-beside, beside]))))[0])


def _kink(function: Function, x: float, kind: str, beside: float) -> Kink:
    place = np.array([x])
    left, right = one_sided(function, place, beside=True)
    seen = curve(function, x + beside * np.array([-2, -1, 0, 1, 2]))
    c = seen.curvature
    value = values(function, np.array([x - NEAREST, x + NEAREST]))
    return Kink(
        x=x,
        kind=kind,
        value=(_clean(value[0]), _clean(value[1])),
        slope=(_clean(left[0]), _clean(right[0])),
        curvature=(_towards(c[0], c[1]), _towards(c[4], c[3])),
        picked_value=float(seen.value[2]),
        picked_slope=float(seen.slope[2]),
        picked_curvature=float(c[2]),
    )


def _towards(further: float, nearer: float) -> float:
    """A limit from two places of which one is twice as far away."""
    return round(2 * float(nearer) - float(further), 5) + 0.0


def _clean(quotient: float) -> float:
    """A quotient without the digits that are noise."""
    return round(float(quotient), 9) + 0.0
