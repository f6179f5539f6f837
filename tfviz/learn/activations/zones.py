"""Where a function's values lie, and where its gradient vanishes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfviz.learn.activations.kinks import Kink
from tfviz.learn.activations.tape import Curve, Function, slopes, values

FAINT_SHARE = 0.01
"""Under this share of its largest value a gradient counts as vanished."""
FAR = 1e6
"""How far out zones are followed; beyond, they are taken to go on."""


@dataclass(frozen=True)
class Interval:
    """Values without a gap.

    Attributes:
        low: Greatest lower bound; -inf where there is none.
        high: Least upper bound.
        low_reached: Whether a finite x has it.
        high_reached: Whether a finite x has it.
    """

    low: float
    high: float
    low_reached: bool
    high_reached: bool

    def __str__(self) -> str:
        if self.low == self.high:
            return short(self.low)
        left, right = "[" if self.low_reached else "(", "]" if self.high_reached else ")"
        return f"{left}{short(self.low)}, {short(self.high)}{right}"


@dataclass(frozen=True)
class Range:
    """The values that f takes.

    Attributes:
        parts: Intervals and single values in order; one, unless f jumps over others.
        at_minus_inf: The limit on the far left, found numerically.
        at_plus_inf: The limit on the far right.
    """

    parts: tuple[Interval, ...]
    at_minus_inf: float
    at_plus_inf: float

    @property
    def hull(self) -> Interval:
        """All of it as one interval, gaps included."""
        first, last = self.parts[0], self.parts[-1]
        return Interval(first.low, last.high, first.low_reached, last.high_reached)

    def __str__(self) -> str:
        return " or ".join(str(each) for each in self.parts)


@dataclass(frozen=True)
class Zone:
    """An interval in which |f'| is under 1 % of its largest value.

    Attributes:
        low: Left end, -inf where it goes on for ever.
        high: Right end.
        kind: 'dead' (f' is exactly 0), 'saturated' (it fades for ever), 'turning' (it passes
            through 0 from one sign to the other) or 'flat' (it comes near 0 in between).
    """

    low: float
    high: float
    kind: str

    @property
    def width(self) -> float:
        """In x."""
        return self.high - self.low

    def __str__(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return "all x"
        if math.isinf(self.low):
            return f"x < {short(self.high)}"
        if math.isinf(self.high):
            return f"x > {short(self.low)}"
        return f"{short(self.low)} < x < {short(self.high)}"


@dataclass(frozen=True)
class Vanishing:
    """Where the gradient lives, and where it doesn't.

    Attributes:
        peak: The largest |f'|; inf where it has no bound.
        peak_at: Where that is; None where it is at many places, or only in a limit.
        limit: |f'| under this counts as vanished.
        zones: The intervals where it is.
        alive: Total width of x where it isn't; inf where that has no end.
    """

    peak: float
    peak_at: float | None
    limit: float
    zones: tuple[Zone, ...]
    alive: float


def find_range(
    function: Function, seen: Curve, turns: list[float], kinks: tuple[Kink, ...]
) -> Range:
    """The range of f, from an even grid, its turning points, and far out on both sides.

    Args:
        function: Works on each element by itself.
        seen: Of that function.
        turns: Where f' changes its sign.
        kinks: Of that function; beside a jump a value is approached and perhaps not taken.
    """
    left, right = _limit(function, -1.0), _limit(function, 1.0)
    jumps = [kink for kink in kinks if kink.kind == "jump"]
    corners = [kink.x for kink in kinks if kink.kind != "jump"]
    x = np.concatenate([seen.x, np.array(turns, float), np.array(corners, float)])
    value = np.concatenate([seen.value, values(function, x[len(seen.x) :])])
    parts = []
    # Between two jumps f is continuous, and so are its values.
    starts = [(-math.inf, left), *((kink.x, kink.value[1]) for kink in jumps)]
    ends = [*((kink.x, kink.value[0]) for kink in jumps), (math.inf, right)]
    for (start, from_), (end, to) in zip(starts, ends, strict=True):
        parts.append(_values(value[(x > start) & (x < end) & np.isfinite(value)], from_, to))
    taken = [_round(kink.picked_value) for kink in jumps]
    parts += [Interval(each, each, True, True) for each in taken]
    return Range(_joined(parts), at_minus_inf=_round(left), at_plus_inf=_round(right))


def _values(inside: np.ndarray, *ends: float) -> Interval:
    """What a continuous piece takes: its values on a grid, and the limits at its two ends."""
    limits = [each for each in ends if not math.isnan(each)]
    low, high = float(inside.min()), float(inside.max())
    lowest, highest = min([low, *limits]), max([high, *limits])
    return Interval(
        low=_round(lowest),
        high=_round(highest),
        low_reached=low <= lowest and math.isfinite(lowest),
        high_reached=high >= highest and math.isfinite(highest),
    )


def _joined(parts: list[Interval]) -> tuple[Interval, ...]:
    """The same values in order, with those in one interval that lie without a gap."""
    joined: list[Interval] = []
    for each in sorted(parts, key=lambda part: (part.low, not part.low_reached)):
        if joined and _touch(joined[-1], each):
            last = joined.pop()
            top = max(last, each, key=lambda part: (part.high, part.high_reached))
            each = Interval(last.low, top.high, last.low_reached, top.high_reached)
        joined.append(each)
    return tuple(joined)


def _touch(below: Interval, above: Interval) -> bool:
    met = above.low == below.high and (above.low_reached or below.high_reached)
    return above.low < below.high or met


def _limit(function: Function, side: float) -> float:
    found = values(function, side * np.array([1e3, 1e6, 1e9, 1e12]))
    found = found[~np.isnan(found)]
    if len(found) < 2:
        return math.nan
    last, before = float(found[-1]), float(found[-2])
    if math.isinf(last) or abs(last) > 1e3 * max(1.0, abs(float(found[0])) / 1e3):
        return math.copysign(math.inf, last)
    return last if abs(last - before) < 1e-6 * max(1.0, abs(last)) else math.nan


def turning_points(function: Function, seen: Curve) -> list[float]:
    """Where f' goes from one sign to the other without a jump: minima and maxima of f."""
    sign = np.sign(np.where(np.isfinite(seen.slope), seen.slope, 0))
    found = []
    for i in np.flatnonzero(sign[:-1] * sign[1:] < 0):
        low, high, after = float(seen.x[i]), float(seen.x[i + 1]), float(sign[i + 1])

        def past(x: np.ndarray, after: float = after) -> np.ndarray:
            return slopes(function, x) * after > 0

        found.append(_edge(past, low, high))
    # A grid point may lie on the very zero.
    for i in np.flatnonzero((sign[1:-1] == 0) & (sign[:-2] * sign[2:] < 0)):
        found.append(float(seen.x[i + 1]))
    return sorted(found)


def find_vanishing(
    function: Function, seen: Curve, kinks: tuple[Kink, ...], wrong: set[float], turns: list[float]
) -> Vanishing:
    """The zones where |f'| is under 1 % of its largest value, their ends by bisection.

    Args:
        function: Works on each element by itself.
        seen: Of that function, on an even grid.
        kinks: Of that function; its ends of a zone are taken from them exactly.
        wrong: Places where the tape's f' is known to be none.
        turns: Where f' changes its sign.
    """
    half = float(max(abs(seen.x[0]), abs(seen.x[-1])))
    far = np.geomspace(half * 1.01, FAR, 160)
    x = np.concatenate([-far[::-1], seen.x, far])
    slope = np.abs(slopes(function, x))
    single = {*wrong, *(kink.x for kink in kinks)}
    good = np.isfinite(slope) & ~np.isin(x, list(single))
    unbounded = bool(np.isposinf(slope).any()) or (
        bool(good.any()) and float(slope[good].max()) > 1e6
    )
    x, slope = x[good], slope[good]
    # The largest slope of a piece may be the one it has at its very end.
    ends_of_pieces = [abs(each) for kink in kinks for each in kink.slope]
    peak = math.inf if unbounded else max(float(slope.max()), *ends_of_pieces, 0.0)
    limit = FAINT_SHARE * (1.0 if unbounded else peak)
    faint = slope < limit if peak > 0 else np.ones_like(slope, bool)
    edges = np.flatnonzero(faint[1:] != faint[:-1])
    starts = [0, *(edges + 1)]
    ends = [*edges, len(x) - 1]
    zones = []
    for start, end in zip(starts, ends, strict=True):
        if not faint[start]:
            continue

        def alive(points: np.ndarray) -> np.ndarray:
            return np.abs(slopes(function, points)) >= limit

        low = -math.inf if start == 0 else _edge(alive, x[start], x[start - 1])
        high = math.inf if end == len(x) - 1 else _edge(alive, x[end], x[end + 1])
        places = [kink.x for kink in kinks]
        low, high = _snap(low, places), _snap(high, places)
        inside = slope[start : end + 1]
        ends_open = math.isinf(low) or math.isinf(high)
        turning = any(low < each < high for each in turns)
        between = "turning" if turning else "flat"
        kind = "dead" if inside.max() == 0 else "saturated" if ends_open else between
        zones.append(Zone(low, high, kind))
    covered = sum(min(zone.high, 2 * FAR) - max(zone.low, -2 * FAR) for zone in zones)
    open_left = not zones or not math.isinf(zones[0].low)
    open_right = not zones or not math.isinf(zones[-1].high)
    alive_width = math.inf if open_left or open_right else max(0.0, 4 * FAR - covered)
    if len(zones) == 1 and not (open_left or open_right):
        alive_width = 0.0
    return Vanishing(
        peak=peak,
        peak_at=_single_peak(x, slope, peak) if 0 < peak < math.inf else None,
        limit=limit,
        zones=tuple(zones),
        alive=alive_width,
    )


def _single_peak(x: np.ndarray, slope: np.ndarray, peak: float) -> float | None:
    highest = np.flatnonzero(slope >= peak * (1 - 1e-9))
    return float(x[highest[0]]) if len(highest) == 1 and abs(x[highest[0]]) < FAR else None


def float32_silence(function: Function) -> tuple[float | None, float | None]:
    """From where on, to the left and to the right, f' is exactly 0 in float32 but not in truth.

    Returns:
        x on the left and on the right; None where f' doesn't underflow.
    """
    found: list[float | None] = []
    for side in (-1.0, 1.0):
        x = side * np.linspace(0.05, 200, 4000)
        zero = slopes(function, x, "float32") == 0
        # Exactly 0 in float64 a little further out as well: that is the function, not the format.
        if not zero[-1] or zero.all():
            found.append(None)
            continue
        last = int(np.flatnonzero(~zero)[-1])
        inner, outer = float(x[last]), float(x[last + 1])
        truth = slopes(function, np.array([x[min(last + 3, len(x) - 1)]]))
        if truth[0] == 0:
            found.append(None)
            continue
        found.append(
            _edge(lambda p: slopes(function, p, "float32") != 0, outer, inner, precision=1e-3)
        )
    return found[0], found[1]


def _edge(
    holds: Callable[[np.ndarray], np.ndarray],
    outside: float,
    inside: float,
    *,
    precision: float = 1e-12,
) -> float:
    """Between a place where something doesn't hold and one where it does, where that changes."""
    for _ in range(12):
        points = np.linspace(outside, inside, 33)
        first = int(np.argmax(holds(points)))
        if first == 0:
            return float(outside)
        outside, inside = float(points[first - 1]), float(points[first])
        if abs(inside - outside) < precision * max(1.0, abs(inside)):
            break
    return (outside + inside) / 2


def _snap(place: float, kinks: list[float]) -> float:
    return next((each for each in kinks if abs(each - place) < 1e-6), place)


def _round(value: float) -> float:
    """A limit found at 1e12 to the digits it is good for."""
    return round(value, 9) + 0.0 if math.isfinite(value) else value


def short(value: float) -> str:
    """A number for a person: four digits, infinity by its sign.

    >>> short(-0.278464), short(float("inf"))
    ('-0.2785', '∞')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value + 0.0:.4g}"
