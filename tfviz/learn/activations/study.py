"""All that is found out about one activation of one number."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.activations.identities import identity_of
from tfviz.learn.activations.kinks import Kink, find_kinks
from tfviz.learn.activations.names import Activation
from tfviz.learn.activations.tape import BLUR, Curve, curve
from tfviz.learn.activations.truth import Agreement, check_curvature, check_slope
from tfviz.learn.activations.zones import (
    Range,
    Vanishing,
    find_range,
    find_vanishing,
    float32_silence,
    turning_points,
)

HALF, PER_UNIT = 12, 200
"""The grid that everything is looked for on: -12 to 12 in steps of 1/200, round numbers on it."""
OVER = (-8.0, 8.0)
DRAWN = 480
WIDEST = 1000.0
FAR_INPUTS = (-math.inf, -1000.0, 1000.0, math.inf)


@dataclass(frozen=True)
class Extreme:
    """What float32 makes of an input far out; None where TensorFlow has no second derivative."""

    x: float
    value: float
    slope: float
    curvature: float | None


@dataclass(frozen=True)
class Checked:
    """An identity of the derivative against the tape.

    Attributes:
        text: The identity.
        furthest: The largest distance from the tape over the grid, away from corners.
    """

    text: str
    furthest: float

    @property
    def told(self) -> str:
        """How near it is, in words."""
        if self.furthest == 0:
            return "exactly what the tape gives"
        return f"within {self.furthest:.0e} of the tape"


@dataclass(frozen=True)
class Study:
    """What was found about a scalar activation.

    Attributes:
        activation: Which.
        over: The range of x that is drawn.
        pieces: The curve over that range, cut at its kinks.
        kinks: Jumps, corners and bends.
        slope: f' by the tape against difference quotients.
        curvature: The same for f''.
        no_curvature: Why the tape has no f''; '' where it has.
        range: The values of f.
        turns: Where f' passes through 0 from one sign to the other, with f there.
        vanishing: Where the gradient is under 1 % of its largest value.
        silent: From where on float32 has f' exactly 0, on the left and on the right.
        identity: f' in terms of f, held against the tape; None where none is known.
        extremes: Far inputs in float32.
    """

    activation: Activation
    over: tuple[float, float]
    pieces: tuple[Curve, ...] = field(repr=False)
    kinks: tuple[Kink, ...]
    slope: Agreement
    curvature: Agreement
    no_curvature: str
    range: Range
    turns: tuple[tuple[float, float], ...]
    vanishing: Vanishing
    silent: tuple[float | None, float | None]
    identity: Checked | None
    extremes: tuple[Extreme, ...]


def checked_range(over: Any) -> tuple[float, float]:
    """A range of x to draw, as two numbers in order.

    Raises:
        InputError: If it is no range.
    """
    try:
        low, high = (float(each) for each in over)
    except (TypeError, ValueError) as error:
        raise InputError(f"a range is two numbers, as in (-8, 8); this is {over!r}.") from error
    if math.isnan(low) or math.isnan(high):
        raise InputError(f"the range {low:g} to {high:g} is none: give two numbers, as -8 and 8.")
    if not (abs(low) <= WIDEST and abs(high) <= WIDEST):
        raise InputError(
            f"the range {low:g} to {high:g} leaves -{WIDEST:g} to {WIDEST:g}, and nothing would "
            "be seen; give a narrower one, as in -8 to 8."
        )
    if low == high:
        raise InputError(f"the range {low:g} to {high:g} is empty; give two numbers, as -8 and 8.")
    if low > high:
        raise InputError(
            f"the range {low:g} to {high:g} runs backwards; give the lower end first: "
            f"{high:g} {low:g}."
        )
    if high - low < 1e-3:
        raise InputError(f"the range {low:g} to {high:g} is narrower than 0.001; give a wider one.")
    return low, high


def study(activation: Activation, over: tuple[float, float] = OVER) -> Study:
    """Find out all about a scalar activation, with the Keras installed.

    Args:
        activation: A scalar one.
        over: The range of x to draw; what is found out does not depend on it.
    """
    over = checked_range(over)
    function = activation.function
    numbers = [abs(p) for p in activation.parameters.values() if isinstance(p, (int, float))]
    half = math.ceil(max([HALF, *(each + 4 for each in numbers)]))
    seen = curve(function, np.arange(-half * PER_UNIT, half * PER_UNIT + 1) / PER_UNIT)
    kinks = find_kinks(function, seen)
    slope = check_slope(function, seen, kinks)
    turns = turning_points(function, seen)
    corners = {kink.x for kink in kinks if kink.kind != "bend"}
    wrong = {each.x for each in slope.wrong}
    smooth = [each for each in turns if all(abs(each - corner) > 1e-9 for corner in corners)]
    return Study(
        activation=activation,
        over=over,
        pieces=_pieces(activation, over, kinks, _least(seen.no_curvature)),
        kinks=kinks,
        slope=slope,
        curvature=check_curvature(function, seen, kinks),
        no_curvature=seen.no_curvature,
        range=find_range(function, seen, turns, kinks),
        turns=tuple((x, float(curve(function, np.array([x])).value[0])) for x in smooth),
        vanishing=find_vanishing(function, seen, kinks, wrong, turns),
        silent=float32_silence(function),
        identity=_identity(activation, seen, corners | wrong),
        extremes=_extremes(activation),
    )


def redrawn(found: Study, over: tuple[float, float]) -> Study:
    """The same study with its curve drawn over another range."""
    return dataclasses.replace(
        found,
        over=over,
        pieces=_pieces(found.activation, over, found.kinks, _least(found.no_curvature)),
    )


def _least(no_curvature: str) -> float:
    """How far from a kink a piece ends, at least: differences reach over to the other side."""
    return 10 * BLUR if no_curvature else 0.0


def _pieces(
    activation: Activation, over: tuple[float, float], kinks: tuple[Kink, ...], least: float
) -> tuple[Curve, ...]:
    """The curve to draw, in pieces that end just beside each kink, `least` away from it."""
    low, high = over
    inside = [kink.x for kink in kinks if low < kink.x < high]
    ends = [low, *inside, high]
    beside = max(1e-9 * (high - low), least)
    xs = []
    for start, end in itertools.pairwise(ends):
        left = start + beside * (start in inside or _at_kink(start, kinks))
        right = end - beside * (end in inside or _at_kink(end, kinks))
        x = np.linspace(left, right, max(24, round(DRAWN * (end - start) / (high - low))))
        if high - low > 4 * HALF:
            # A wide view must not step over what happens in the middle.
            middle = np.linspace(-HALF, HALF, DRAWN)
            x = np.union1d(x, middle[(middle > left) & (middle < right)])
        xs.append(x)
    whole = curve(activation.function, np.concatenate(xs))
    cuts = np.cumsum([len(x) for x in xs])[:-1]
    parts = (np.split(each, cuts) for each in (whole.x, whole.value, whole.slope, whole.curvature))
    return tuple(
        Curve(x, value, slope, curvature, whole.no_curvature)
        for x, value, slope, curvature in zip(*parts, strict=True)
    )


def _at_kink(x: float, kinks: tuple[Kink, ...]) -> bool:
    return any(kink.x == x for kink in kinks)


def _identity(activation: Activation, seen: Curve, corners: set[float]) -> Checked | None:
    identity = identity_of(activation.name, activation.parameters)
    if identity is None:
        return None
    # At a corner itself the framework picks, and no formula binds it.
    smooth = ~np.isin(seen.x, list(corners))
    with np.errstate(divide="ignore", invalid="ignore"):  # at a corner, which is left out
        found = identity.derivative(seen.x, seen.value, activation.parameters)
    size = np.maximum(1, np.abs(seen.slope))
    return Checked(identity.text, float((np.abs(found - seen.slope) / size)[smooth].max()))


def _extremes(activation: Activation) -> tuple[Extreme, ...]:
    far = curve(activation.function, np.array(FAR_INPUTS), "float32")
    rows = zip(far.x, far.value, far.slope, far.curvature, strict=True)
    return tuple(
        Extreme(float(x), float(f), float(d), None if far.no_curvature else float(c))
        for x, f, d, c in rows
    )
