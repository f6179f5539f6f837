"""Is the tape's derivative true? Held against the difference quotients from the left and right.

Where f has a corner, every number between the two is a fair answer, and none outside them.

Source: Clarke, "Optimization and Nonsmooth Analysis", 1983: the generalised gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfviz.learn.activations.kinks import STEP, Kink, one_sided
from tfviz.learn.activations.tape import Curve, Function, values

TOLERANCE = 1e-6
"""Of a quotient, absolute and relative: a thousand times its error on curves like these."""
CURVATURE_TOLERANCE = 1e-4
"""Of a second difference quotient: a hundred times its error."""


@dataclass(frozen=True)
class Wrong:
    """A place where the tape's derivative is none.

    Attributes:
        x: Where.
        tape: What the tape gives for f'.
        left: The derivative from the left.
        right: The derivative from the right.
    """

    x: float
    tape: float
    left: float
    right: float

    def __str__(self) -> str:
        truth = (
            f"the truth is {self.left:.4g}"
            if abs(self.left - self.right) < TOLERANCE * (1 + abs(self.left))
            else f"fair is {min(self.left, self.right):.4g} to {max(self.left, self.right):.4g}"
        )
        return f"at x = {self.x:.4g} the tape gives f' = {self.tape:.4g}, but {truth}"


@dataclass(frozen=True)
class Agreement:
    """The tape against difference quotients.

    Attributes:
        points: How many places were compared.
        furthest: The largest distance from what the quotients of two steps tell together, in parts
            of 1 + |f'|, where they agree and f is smooth.
        wrong: Where they don't.
    """

    points: int
    furthest: float
    wrong: tuple[Wrong, ...]


def check_slope(function: Function, seen: Curve, kinks: tuple[Kink, ...]) -> Agreement:
    """Compare f' by the tape with both one-sided quotients, at each point of a curve and each kink.

    Args:
        function: The curve's.
        seen: With x, and f' by the tape.
        kinks: Of the function in that range; where f itself jumps there is no derivative.
    """
    left, right = one_sided(function, seen.x)
    nearer = one_sided(function, seen.x, step=STEP / 2)
    with np.errstate(invalid="ignore"):
        size = 1 + np.maximum(np.abs(left), np.abs(right))
        # What half the step changes is how far a quotient is to be trusted where f is sharp.
        doubt = 2 * np.maximum(np.abs(left - nearer[0]), np.abs(right - nearer[1]))
    fair = np.isfinite(left) & np.isfinite(right)
    # A quotient that reaches over a kink beside it measures neither side.
    for kink in kinks:
        away = np.abs(seen.x - kink.x)
        fair &= (away == 0) & (kink.kind != "jump") | (away > 2.5 * STEP)
    outside = np.maximum(np.minimum(left, right) - seen.slope, seen.slope - np.maximum(left, right))
    outside = np.where(fair, np.maximum(outside - doubt, 0) / size, 0)
    # NaN where the quotients are fine is as wrong as a wrong number.
    outside = np.where(fair & np.isnan(seen.slope), np.inf, outside)
    wrong = [
        Wrong(float(seen.x[i]), float(seen.slope[i]), _digits(left[i]), _digits(right[i]))
        for i in np.flatnonzero(outside > TOLERANCE)
    ]
    known = {each.x for each in wrong}
    for kink in kinks:
        low, high = min(kink.slope), max(kink.slope)
        slack = TOLERANCE * (1 + max(abs(low), abs(high)))
        if (
            kink.kind != "jump"
            and kink.x not in known
            and not low - slack <= kink.picked_slope <= high + slack
        ):
            wrong.append(Wrong(kink.x, kink.picked_slope, *kink.slope))
    # Between a quotient from the left and one from the right nearly everything lies; how near the
    # tape is to the truth is told by both together, with the error that half the step shows
    # taken out (Richardson).
    with np.errstate(invalid="ignore"):
        best = (4 * (nearer[0] + nearer[1]) - (left + right)) / 6
        apart = np.abs(seen.slope - best) / size
    smooth = fair & (outside <= TOLERANCE) & ~np.isin(seen.x, [kink.x for kink in kinks])
    right_ones = apart[smooth]
    return Agreement(
        points=int(fair.sum()),
        furthest=float(right_ones.max()) if right_ones.size else 0.0,
        wrong=tuple(sorted(wrong, key=lambda each: each.x)),
    )


def _bent(function: Function, x: np.ndarray, wide: float) -> tuple[np.ndarray, np.ndarray]:
    """Second derivatives from the left and the right, by quotients of second order."""
    offsets = np.array([0, -1, -2, -3, 1, 2, 3]) * wide
    f = values(function, x + offsets[:, np.newaxis])
    left = (2 * f[0] - 5 * f[1] + 4 * f[2] - f[3]) / wide**2
    return left, (2 * f[0] - 5 * f[4] + 4 * f[5] - f[6]) / wide**2


def _digits(quotient: float) -> float:
    return round(float(quotient), 8) + 0.0


def check_curvature(function: Function, seen: Curve, kinks: tuple[Kink, ...]) -> Agreement:
    """Compare f'' by the tape with second difference quotients of f, away from its kinks.

    Args:
        function: The curve's.
        seen: With x, and f'' by the tape.
        kinks: Of the function in that range.
    """
    wide = 1e-3
    left, right = _bent(function, seen.x, wide)
    nearer = _bent(function, seen.x, wide / 2)
    doubt = 4 * np.maximum(np.abs(left - nearer[0]), np.abs(right - nearer[1]))
    fair = np.isfinite(left) & np.isfinite(right)
    for kink in kinks:
        fair &= np.abs(seen.x - kink.x) > 4 * wide
    size = 1 + np.maximum(np.abs(left), np.abs(right))
    distance = np.minimum(np.abs(seen.curvature - left), np.abs(seen.curvature - right))
    distance = np.maximum(distance - doubt, 0) / size
    distance = np.where(fair, np.where(np.isnan(distance), np.inf, distance), 0)
    bad = np.flatnonzero(distance > CURVATURE_TOLERANCE)
    return Agreement(
        points=int(fair.sum()),
        furthest=float(distance[distance <= CURVATURE_TOLERANCE].max()),
        wrong=tuple(
            Wrong(float(seen.x[i]), float(seen.curvature[i]), float(left[i]), float(right[i]))
            for i in bad
        ),
    )
