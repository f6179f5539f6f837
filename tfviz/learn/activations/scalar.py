"""The lesson on one activation of one number."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.activations.kinks import Kink
from tfviz.learn.activations.study import Extreme, Study
from tfviz.learn.activations.zones import short
from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABEL, WIDE = 13, 79


@dataclass(frozen=True)
class ScalarActivation(Lesson):
    """An activation that works on each number by itself.

    Attributes:
        name: With the parameters given, as 'elu:alpha=2'.
        found: All that was found out about it.
        remarks: Sentences about this one alone.
        beside: More curves of x by name, drawn with f' (PReLU: the derivative by alpha).
        more: Numbers behind the remarks.
    """

    name: str
    found: Study
    remarks: tuple[str, ...] = ()
    beside: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    more: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Where the tape's derivatives are none, one sentence each."""
        second = [str(each).replace("f' =", "f'' =") for each in self.found.curvature.wrong]
        return (*(str(each) for each in self.found.slope.wrong), *second)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know before they rely on it."""
        said = [f"Keras {_keras_version()} is wrong here: {each}." for each in self.wrong]
        if self.found.no_curvature:
            said.append(
                f"No f'' by the tape: {self.found.no_curvature}. Drawn by differences of f'."
            )
        return (*said, *self.troubles)

    @property
    def troubles(self) -> tuple[str, ...]:
        """Far inputs at which float32 gives no number though there is a limit, or overflows."""
        nan = [each for row in self.found.extremes for each in _not_a_number(row)]
        over = [
            f"{what}({short(row.x)})"
            for row in self.found.extremes
            if math.isfinite(row.x)
            for what, got in (("f", row.value), ("f'", row.slope))
            if math.isinf(got)
        ]
        said = []
        if nan:
            limits = self.found.range.at_minus_inf, self.found.range.at_plus_inf
            ends = " and ".join(short(each) for each in limits)
            said.append(
                f"In float32 {', '.join(nan)} {'is' if len(nan) == 1 else 'are'} nan; the limits "
                f"of f are {ends}."
            )
        if over:
            said.append(f"In float32 {', '.join(over)} overflow to ∞.")
        return tuple(said)

    @property
    def facts(self) -> dict[str, str]:
        """What there is to say, by its heading."""
        found, vanishing = self.found, self.found.vanishing
        facts = {"range": _range(self.found)}
        if found.turns:
            facts["turns"] = ", ".join(f"at x = {short(x)}, f = {short(f)}" for x, f in found.turns)
        if vanishing.peak == 0:
            facts["gradient"] = "0 everywhere: nothing can be learned through it"
        else:
            facts["gradient"] = _gradient(self.found)
            facts["under 1 %"] = _zones(self.found)
        if found.kinks:
            by_tape = not found.no_curvature
            facts["kinks"] = "; ".join(_kink(each, by_tape) for each in found.kinks)
        silent = [
            f"x {sign} {x:.1f}" for sign, x in zip("<>", found.silent, strict=True) if x is not None
        ]
        if silent:
            facts["float32"] = f"f' is exactly 0 for {' and '.join(silent)}"
        if found.identity:
            facts["identity"] = f"{found.identity.text}   ({found.identity.told})"
        count = len(found.slope.wrong)
        facts["checked"] = (
            f"f' by the tape against left and right differences at {found.slope.points:,} points: "
            + (f"{count} wrong" if count else "all agree" + _within(found.slope.furthest))
        )
        return facts

    def __str__(self) -> str:
        activation = self.found.activation
        formula = f"f(x) = {activation.formula}" if activation.formula else ""
        also = f" (also {', '.join(activation.aliases)})" if activation.aliases else ""
        told = f"{parameters_told(activation.parameters)}"
        lines = [f"{activation.name}{also}   {formula}".rstrip()]
        if told:
            lines.append(f"  with {told}")
        if activation.told:
            lines.append(f"  {activation.told}")
        for heading, text in self.facts.items():
            lines.append(
                textwrap.fill(
                    text,
                    WIDE,
                    initial_indent=f"  {heading:<{LABEL}}",
                    subsequent_indent=" " * (LABEL + 2),
                    break_on_hyphens=False,
                )
            )
        for sentence in (*self.warnings, *self.remarks):
            lines.append(
                textwrap.fill(
                    sentence,
                    WIDE,
                    initial_indent="  ! " if sentence in self.warnings else "  ",
                    subsequent_indent="    " if sentence in self.warnings else "  ",
                    break_on_hyphens=False,
                )
            )
        return "\n".join(lines)

    def numbers(self) -> dict[str, Any]:
        """All that is drawn and said, as numbers."""
        found = self.found
        activation = found.activation
        return {
            "activation": activation.name,
            "aliases": activation.aliases,
            "formula": activation.formula,
            "parameters": activation.parameters,
            "keras": _keras_version(),
            "over": found.over,
            "pieces": [
                {"x": p.x, "f": p.value, "slope": p.slope, "curvature": p.curvature}
                for p in found.pieces
            ],
            "beside": self.beside,
            "kinks": found.kinks,
            "range": found.range,
            "turns": found.turns,
            "vanishing": {
                "peak": found.vanishing.peak,
                "peak_at": found.vanishing.peak_at,
                "limit": found.vanishing.limit,
                "alive": found.vanishing.alive,
                "zones": [
                    {"low": z.low, "high": z.high, "width": z.width, "kind": z.kind}
                    for z in found.vanishing.zones
                ],
            },
            "float32_silent": found.silent,
            "identity": found.identity,
            "checked": {"slope": found.slope, "curvature": found.curvature},
            "no_curvature": found.no_curvature,
            "extremes": found.extremes,
            "warnings": self.warnings,
            "remarks": self.remarks,
            **self.more,
        }

    def figure(self) -> Figure:
        """The curve with its two derivatives."""
        from tfviz.learn.activations.scalar_picture import draw

        return draw(self)


def parameters_told(parameters: Any) -> str:
    """`alpha = 1, ...`, or '' where there are none."""
    return ", ".join(
        f"{key} = {value:g}" if isinstance(value, float) else f"{key} = {value}"
        for key, value in parameters.items()
    )


def _within(furthest: float) -> str:
    return f" within {furthest:.0e}" if furthest else ""


def _keras_version() -> str:
    import keras

    return str(keras.__version__)


def _not_a_number(row: Extreme) -> list[str]:
    got = (("f", row.value), ("f'", row.slope), ("f''", row.curvature))
    return [
        f"{what}({short(row.x)})" for what, each in got if each is not None and math.isnan(each)
    ]


def _range(found: Study) -> str:
    limits = found.range.at_minus_inf, found.range.at_plus_inf
    ends = [
        f"{short(limit)} for x -> {side}"
        for limit, side in zip(limits, ("-∞", "∞"), strict=True)
        if not math.isnan(limit)
    ]
    return f"{found.range}   limits: {', '.join(ends)}"


def _gradient(found: Study) -> str:
    vanishing = found.vanishing
    if math.isinf(vanishing.peak):
        return "no largest f': it grows without end"
    where = "" if vanishing.peak_at is None else f" at x = {short(vanishing.peak_at + 0.0)}"
    return f"largest |f'| {short(vanishing.peak)}{where}"


def _zones(found: Study) -> str:
    vanishing = found.vanishing
    share = f"{short(vanishing.limit)}"
    if not vanishing.zones:
        return f"nowhere: |f'| stays above {share}"
    told = "; ".join(f"{zone} ({zone.kind}{_width(zone.width)})" for zone in vanishing.zones)
    # Without a largest f' there is nothing to take 1 % of, and 1 itself stands in for it.
    of = f"|f'| < {share}: "
    alive = (
        "" if math.isinf(vanishing.alive) else f"; alive over a width of {short(vanishing.alive)}"
    )
    return f"{of}{told}{alive}"


def _width(width: float) -> str:
    return "" if math.isinf(width) else f", width {short(width)}"


def _kink(kink: Kink, by_tape: bool) -> str:
    place = f"x = {short(kink.x)}"
    if kink.kind == "jump":
        return f"{place}: f jumps from {short(kink.value[0])} to {short(kink.value[1])}"
    what, sides, picked = (
        ("f'", kink.slope, kink.picked_slope)
        if kink.kind == "corner"
        else ("f''", kink.curvature, kink.picked_curvature)
    )
    told = f"{place}: {what} is {short(sides[0])} | {short(sides[1])}"
    return f"{told}, Keras picks {short(picked)}" if what == "f'" or by_tape else told
