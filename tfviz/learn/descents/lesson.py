"""Gradient descent on a function of one variable: tangent, step, and what the rate makes of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.learn.descents.functions import CURVES, Curve, find_curve
from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 30
# Where the gap to the minimum is this part of what it was at the start, one has arrived.
ARRIVED = 1e-3
# Whoever is so many times as high above the minimum as at the start won't come back.
LOST = 4.0
# What becomes of a walk is told from its last steps.
LAST = 5
# From farther away the curve's own shape is a needle on any picture, and x⁴ has no number soon.
FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class Walk:
    """One descent.

    Attributes:
        rate: The learning rate.
        x: (steps + 1,), float64, where it was; the first is the start.
        y: (steps + 1,), the function there.
        slope: (steps + 1,), its derivative there, by the tape.
        verdict: What became of it, in words.
        arrived: The first step from which on it stays near the minimum; None if it doesn't.
    """

    rate: float
    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    verdict: str
    arrived: int | None


@dataclass(frozen=True, eq=False)
class Descent(Lesson):
    """Gradient descent at several learning rates.

    Attributes:
        curve: The function.
        start: Where each walk begins.
        walks: One for each rate.
    """

    curve: Curve
    start: float
    walks: tuple[Walk, ...]

    @property
    def name(self) -> str:  # type: ignore[override]
        """What its files are called."""
        return f"descent-{self.curve.name}"

    def numbers(self) -> dict[str, Any]:
        """All positions, values and slopes; for x² also how far they are from the closed form."""
        return {
            "function": self.curve.formula,
            "start": self.start,
            "minimum": self.curve.minimum,
            "walks": [
                {
                    "rate": each.rate,
                    "x": each.x,
                    "y": each.y,
                    "slope": each.slope,
                    "verdict": each.verdict,
                    "arrived": each.arrived,
                    **(
                        {
                            "factor": 1 - 2 * each.rate,
                            "from_closed_form": _from_closed_form(each, self.start),
                        }
                        if self.curve.name == "square"
                        else {}
                    ),
                }
                for each in self.walks
            ],
        }

    def figure(self) -> Figure:
        """A panel for each rate: the curve, the way down it, tangents at its first places."""
        from tfviz.learn.descents.drawing import panels

        return panels(self)

    def page(self) -> str:
        """Each rate, and its first steps one by one."""
        from tfviz.learn.descents.page import page

        return page(self)

    def __str__(self) -> str:
        lines = [
            f"Gradient descent on f(x) = {self.curve.formula} from x = {self.start:g}: "
            "x ← x - rate · f'(x)",
            "",
            f"{'rate':>7}  {'x1':>9} {'x2':>9} {'x3':>9}  {f'x{len(self.walks[0].x) - 1}':>9}  "
            "what becomes of it",
        ]
        for each in self.walks:
            first = " ".join(f"{_short(each.x[i]):>9}" for i in (1, 2, 3))
            lines.append(f"{each.rate:>7.4g}  {first}  {_short(each.x[-1]):>9}  {each.verdict}")
        if self.curve.name == "square":
            worst = max(_from_closed_form(each, self.start) for each in self.walks)
            lines += [
                "",
                "Each step multiplies x by 1 - 2·rate, so x_k = x_0 (1 - 2·rate)^k;",
                f"the tape's walks differ from that by at most {worst:.1g} of their size."
                if worst
                else "the tape's walks are that to the last bit.",
            ]
        return "\n".join(lines)


def descent(
    function: str = "square",
    *,
    rates: float | Sequence[float] | None = None,
    start: float | None = None,
    steps: int = STEPS,
) -> Descent:
    """Go down a curve by its slope, at learning rates that are too small, right and too large.

        print(tfviz.learn.descent("square", rates=[0.1, 1.1]))

    The slope is taken by a `tf.GradientTape`, in float64.

    Args:
        function: A name in `CURVES`: 'square', 'quartic', 'wells', 'waves', 'abs'.
        rates: Learning rates, or one; by default those worth seeing on this function.
        start: The first x; by default the function's own.
        steps: How many steps each walk has, 3 or more.

    Returns:
        The walks: `print` them, `.figure()`, `.save(folder)`.

    Raises:
        InputError: For an unknown function, or a rate, start or number of steps that makes no
            sense.
    """
    curve = find_curve(function)
    wanted = curve.rates if rates is None else _numbers(rates)
    if not wanted or not all(math.isfinite(each) and each > 0 for each in wanted):
        raise InputError(f"rates {rates!r} must be positive numbers such as [0.1, 1.1].")
    begin = curve.start if start is None else (_numbers(start) or (math.nan,))[0]
    if not math.isfinite(begin):
        raise InputError(f"start {start!r} is no place to start from: give a number.")
    if abs(begin) > FARTHEST:
        raise InputError(
            f"start {begin:g} is too far away to be drawn: give a number from -{FARTHEST:g} to "
            f"{FARTHEST:g}, such as {curve.start:g}."
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or not 3 <= steps <= 10_000:
        raise InputError(f"steps {steps!r} must be a whole number from 3 to 10000.")
    # All rates side by side: they don't touch each other, and one tape serves them all.
    rate = tf.constant(wanted, tf.float64)
    places, values, slopes = _walk(curve.function, rate, tf.constant(begin, tf.float64), steps)
    return Descent(
        curve,
        begin,
        tuple(
            _told(curve, each, x, y, slope)
            for each, x, y, slope in zip(wanted, places.T, values.T, slopes.T, strict=True)
        ),
    )


def _numbers(given: Any) -> tuple[float, ...]:
    """One number or several; none where they aren't numbers."""
    try:
        return tuple(float(each) for each in np.atleast_1d(np.asarray(given, np.float64)))
    except (TypeError, ValueError):
        return ()


def _walk(function: Any, rate: tf.Tensor, start: tf.Tensor, steps: int) -> list[np.ndarray]:
    """Places, values and slopes, each (steps + 1, rates)."""
    x = tf.fill(rate.shape, start)
    rows = []
    for _ in range(steps + 1):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        slope = tape.gradient(y, x)
        rows.append((x, y, slope))
        x = x - rate * slope
    return [np.stack(each) for each in zip(*rows, strict=True)]


def _told(curve: Curve, rate: float, x: np.ndarray, y: np.ndarray, slope: np.ndarray) -> Walk:
    gap = y - curve.minimum
    near = gap <= ARRIVED * gap[0]
    arrived = None
    # Only where it arrives and stays.
    if near[-min(LAST, len(near) - 1) :].all():
        arrived = int(len(near) - np.argmin(near[::-1])) if not near.all() else 0
    return Walk(rate, x, y, slope, _verdict(x, gap, arrived, slope), arrived)


def _verdict(x: np.ndarray, gap: np.ndarray, arrived: int | None, slope: np.ndarray) -> str:
    if gap[0] == 0 or slope[0] == 0:
        return "stands still: no slope here"
    finite = np.isfinite(gap)
    if not finite.all() or gap[-1] > LOST * gap[0]:
        return "diverges"
    way = np.diff(x)
    if arrived is not None:
        # Until it is there: what it does at the bottom is of no interest.
        there = way[:arrived]
        turns = int(np.sum(there[1:] * there[:-1] < 0))
        how = ", zigzag" if turns > 1 and turns >= arrived - 2 else ""
        return f"arrives in {arrived} step{'s' * (arrived != 1)}{how}"
    last = way[-LAST:]
    if np.ptp(x[-LAST:]) <= 1e-3 * np.ptp(x) or _to_come(last) <= 1e-2 * np.ptp(x):
        return "settles in another minimum"
    turning = bool(np.all(last[1:] * last[:-1] < 0))
    if turning and np.abs(last).min() > 0.9 * np.abs(last).max():
        return "bounces for ever"
    if (last > 0).any() and (last < 0).any():
        return "jumps about"
    return f"creeps, {100 * gap[-1] / gap[0]:.2g}% to go"


def _to_come(last: np.ndarray) -> float:
    """How far it still goes if its steps go on shrinking as the last ones did."""
    if last[-1] == 0:
        return 0.0
    shrinks = abs(last[-1] / last[0]) ** (1 / (len(last) - 1)) if last[0] else math.inf
    return abs(last[-1]) / (1 - shrinks) if shrinks < 1 else math.inf


def _from_closed_form(walk: Walk, start: float) -> float:
    """The largest distance to x_0 (1 - 2 rate)^k, in parts of its size, where that isn't 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        exact = start * (1 - 2 * walk.rate) ** np.arange(len(walk.x), dtype=np.float64)
        size = np.where(exact == 0, 1, np.abs(exact))
        off = np.abs(walk.x - exact) / size
    # As far as there are numbers: a walk that diverges overflows in the end.
    return float(np.max(off[np.isfinite(off)]))


def _short(value: float) -> str:
    """A number in at most nine letters."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.5g}"
    return f"{value:.1e}"


__all__ = ["CURVES", "Descent", "Walk", "descent"]
