"""The lesson on one loss: its curves and their gradients."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.activations.kinks import Kink, find_kinks
from tfviz.learn.activations.tape import Curve, curve
from tfviz.learn.activations.truth import Agreement, check_slope
from tfviz.learn.activations.zones import short
from tfviz.learn.lesson import Lesson
from tfviz.learn.losses.catalogue import Loss, View
from tfviz.learn.losses.views import views_of
from tfviz.learn.losses.words import WORDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 1201
AROUND = 1e-9


@dataclass(frozen=True)
class LossCurve:
    """A loss over one number.

    Attributes:
        view: Of what, and in which range.
        seen: Loss and gradient by the tape, on an even grid.
        kinks: Where the gradient jumps.
        slope: The tape's gradient against difference quotients.
        identity_off: The largest distance of the tape from the view's identity, in parts of 1 +
            |gradient|; None where there is none.
        lowest: x and loss at the lowest point of the grid.
    """

    view: View
    seen: Curve = field(repr=False)
    kinks: tuple[Kink, ...]
    slope: Agreement
    identity_off: float | None
    lowest: tuple[float, float]

    @property
    def pieces(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """x, loss and gradient, cut where the gradient jumps."""
        cuts = [kink.x for kink in self.kinks if kink.kind != "bend"]
        pieces, start = [], -math.inf
        for end in [*cuts, math.inf]:
            inside = (self.seen.x > start + AROUND) & (self.seen.x < end - AROUND)
            pieces.append((self.seen.x[inside], self.seen.value[inside], self.seen.slope[inside]))
            start = end
        return pieces


@dataclass(frozen=True)
class LossLesson(Lesson):
    """A loss, its gradients, and for cross-entropies the forms that are stable and those not.

    Attributes:
        name: With the parameters given, as 'huber:delta=2'.
        loss: Which.
        curves: Over the prediction, or over probabilities and logits.
        remarks: Sentences about this one alone, measured here.
        table: Rows of text that go with them, the first is the head.
        more: The numbers behind them.
        steps: A page that leads through a collapse; '' where there is none.
    """

    name: str
    loss: Loss
    curves: tuple[LossCurve, ...]
    remarks: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    more: dict[str, Any] = field(default_factory=dict, repr=False)
    steps: str = field(default="", repr=False)

    @property
    def formula(self) -> str:
        """In plain letters."""
        return WORDS.get(self.loss.name, ("", ""))[0]

    @property
    def told(self) -> str:
        """One sentence."""
        return WORDS.get(self.loss.name, ("", ""))[1]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where a gradient is none."""
        import keras

        return tuple(
            f"Keras {keras.__version__} is wrong here ({each.view.over}): "
            f"{str(wrong).replace(' f ', ' L ')}."
            for each in self.curves
            for wrong in each.slope.wrong
        )

    def __str__(self) -> str:
        from tfviz.learn.activations.scalar import parameters_told

        lines = [f"{self.loss.name}   {self.formula}".rstrip()]
        if self.loss.parameters:
            lines.append(f"  with {parameters_told(self.loss.parameters)}")
        if self.told:
            lines.append(f"  {self.told}")
        for each in self.curves:
            label = f", {each.view.label}" if each.view.label not in each.view.over else ""
            lines.append(f"\n  over the {each.view.over}{label}")
            lines += [f"    {heading:<10}{text}" for heading, text in told_of(each)]
        for sentence in (*self.warnings, *self.remarks):
            mark = "  ! " if sentence in self.warnings else "  "
            lines.append("")
            lines.append(
                textwrap.fill(sentence, 79, initial_indent=mark, subsequent_indent=" " * len(mark))
            )
        if self.table:
            lines += ["", aligned(self.table)]
        return "\n".join(lines)

    def numbers(self) -> dict[str, Any]:
        """All that is drawn and said, as numbers."""
        import keras

        return {
            "loss": self.loss.name,
            "formula": self.formula,
            "parameters": self.loss.parameters,
            "keras": keras.__version__,
            "curves": [
                {
                    "over": each.view.over,
                    "label": each.view.label,
                    "x": each.seen.x[::6],
                    "loss": each.seen.value[::6],
                    "gradient": each.seen.slope[::6],
                    "kinks": each.kinks,
                    "lowest": each.lowest,
                    "identity": each.view.identity,
                    "identity_off": each.identity_off,
                    "checked": each.slope,
                }
                for each in self.curves
            ],
            "warnings": self.warnings,
            "remarks": self.remarks,
            **self.more,
        }

    def figure(self) -> Figure:
        """The loss above, its gradient below."""
        from tfviz.learn.losses.curves_picture import draw

        return draw(self)

    def page(self) -> str | None:
        """The collapse of the chain rule, step by step, where there is one."""
        return self.steps or None


def study_view(view: View) -> LossCurve:
    """A loss over one number, with its gradient checked."""
    places = np.linspace(view.low, view.high, POINTS)
    # Round numbers, so that corners lie on the grid.
    x = np.round(places, 9) + 0.0
    seen = curve(view.function, x)
    kinks = find_kinks(view.function, seen)
    off = None
    if view.gradient is not None:
        smooth = ~np.isin(x, [kink.x for kink in kinks])
        found = view.gradient(x)
        off = float((np.abs(found - seen.slope) / (1 + np.abs(found)))[smooth].max())
    lowest = int(np.argmin(seen.value))
    return LossCurve(
        view=view,
        seen=seen,
        kinks=kinks,
        slope=check_slope(view.function, seen, kinks),
        identity_off=off,
        lowest=(float(x[lowest]), float(seen.value[lowest])),
    )


def study_loss(loss: Loss) -> tuple[LossCurve, ...]:
    """All curves of a loss."""
    return tuple(study_view(view) for view in views_of(loss))


def told_of(each: LossCurve) -> list[tuple[str, str]]:
    """What is said of a curve, by headings."""
    rows = []
    ends = f"{short(each.seen.slope[0])} at {short(each.view.low)}"
    ends += f", {short(each.seen.slope[-1])} at {short(each.view.high)}"
    if each.view.identity:
        off = each.identity_off or 0.0
        near = f"within {off:.0e} of the tape" if off else "exactly what the tape gives"
        rows.append(("gradient", f"{each.view.identity}   ({near})"))
    rows.append(("" if rows else "gradient", ends))
    for kink in each.kinks:
        if kink.kind == "corner":
            rows.append(
                (
                    "kink",
                    f"at {short(kink.x)} the gradient is {short(kink.slope[0])} | "
                    f"{short(kink.slope[1])}, Keras picks {short(kink.picked_slope)}",
                )
            )
    count = len(each.slope.wrong)
    agreed = f"{count} wrong" if count else f"all agree within {each.slope.furthest:.0e}"
    rows.append(("checked", f"at {each.slope.points:,} points against differences: {agreed}"))
    return rows


def aligned(rows: tuple[tuple[str, ...], ...], indent: int = 2) -> str:
    """Rows of text in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        (
            " " * indent
            + row[0].ljust(widths[0])
            + "".join(
                "  " + text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True)
            )
        ).rstrip()
        for row in rows
    )
