"""What a learning rate range test says: its curve, three suggestions, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.draw.figure import FAINT, INK, new_figure
from tfviz.files.atomic import writing

# The first tenth is settling of the smoothed loss, the last few steps are the divergence itself.
FIRST_SHARE, LAST_STEPS = 0.1, 5
FEWEST = 8
# Below this fall, as a share of the loss, a curve is noise.
LEAST_FALL = 0.02
# Suggestions within one power of ten are taken for the same.
AGREE_WITHIN = 10.0


@dataclass(frozen=True, eq=False)
class LearningRates:
    """A range test: the loss at each learning rate, and what it suggests.

    Attributes:
        rates: float64 array, ascending.
        losses: The loss of each step, at that rate, as it was.
        smoothed: Their exponential average, corrected for its start at 0.
        valley: The middle of the longest way down: a rate to begin with; None where the loss didn't
            fall.
        steepest: Where the loss falls fastest.
        minimum: A tenth of where the loss is lowest.
        diverged: Whether the test ended before the highest rate because the loss grew.
        agree: Whether the three lie within a factor of ten.
        sentence: All of this in words.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    valley: float | None
    steepest: float | None
    minimum: float | None
    diverged: bool
    agree: bool
    sentence: str

    def __repr__(self) -> str:
        return f"LearningRates({len(self.rates)} steps: {self.sentence})"

    @property
    def suggestions(self) -> dict[str, float]:
        """By name, those there are."""
        named = {"valley": self.valley, "steepest": self.steepest, "minimum / 10": self.minimum}
        return {name: rate for name, rate in named.items() if rate is not None}

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smoothed": self.smoothed.tolist(),
            "valley": self.valley,
            "steepest": self.steepest,
            "minimum": self.minimum,
            "diverged": self.diverged,
            "agree": self.agree,
            "sentence": self.sentence,
        }

    def plot(self, *, path: str | Path | None = None) -> Any:
        """Draw the loss over the learning rate, with the suggestions.

        Args:
            path: Where to write it: .png, .svg or .pdf.

        Returns:
            A matplotlib `Figure`, which a notebook shows; pyplot knows nothing of it.
        """
        figure = new_figure(8.0, 4.6)
        figure.set_layout_engine("constrained")
        _draw(figure.subplots(), self)
        if path is not None:
            with writing(path) as temporary:
                figure.savefig(temporary, dpi=150)
        return figure


def smoothed(losses: np.ndarray, smoothing: float) -> np.ndarray:
    """The exponential average aᵢ = β aᵢ₋₁ + (1 - β) lᵢ, divided by 1 - βⁱ.

    Args:
        losses: (steps,).
        smoothing: β.
    """
    average, found = 0.0, np.empty(len(losses))
    for i, loss in enumerate(losses):
        average = smoothing * average + (1 - smoothing) * float(loss)
        found[i] = average / (1 - smoothing ** (i + 1))
    return found


def suggested(
    rates: np.ndarray, losses: np.ndarray, smoothing: float, *, diverged: bool
) -> LearningRates:
    """What a sweep suggests.

    Args:
        rates: (steps,), ascending.
        losses: (steps,).
        smoothing: β of the average.
        diverged: Whether it ended because the loss grew.
    """
    curve = smoothed(losses, smoothing)
    inner = slice(int(len(curve) * FIRST_SHARE), max(len(curve) - LAST_STEPS, 0))
    x, falling = rates[inner], curve[inner]
    found: dict[str, float | None] = {"valley": None, "steepest": None, "minimum": None}
    if len(falling) < FEWEST:
        at = f" at {rates[-1]:.3g}" if len(rates) else " in the first step"
        sentence = (
            f"The loss diverged{at}, too early to say anything: begin lower (lowest=), make more "
            f"steps, or look at the first batches, whose loss may not be right."
        )
        return LearningRates(
            rates, losses, curve, **found, diverged=diverged, agree=False, sentence=sentence
        )
    start = float(falling[0])
    if start - float(falling.min()) < LEAST_FALL * abs(start):
        sentence = (
            f"The loss did not fall at any rate from {x[0]:.3g} to {x[-1]:.3g} (from {start:.4g} "
            f"to {falling.min():.4g} at best): nothing is suggested. Try more steps or a wider "
            f"range; if it stays so, the labels, the loss or the frozen layers are the place to "
            f"look."
        )
        return LearningRates(
            rates, losses, curve, **found, diverged=diverged, agree=False, sentence=sentence
        )
    found = {
        "valley": float(x[valley(falling)]),
        "steepest": float(x[steepest(x, falling)]),
        "minimum": float(x[int(falling.argmin())]) / 10,
    }
    numbers = [each for each in found.values() if each is not None]
    agree = max(numbers) / min(numbers) <= AGREE_WITHIN
    return LearningRates(
        rates,
        losses,
        curve,
        **found,
        diverged=diverged,
        agree=agree,
        sentence=_sentence(found, agree, diverged, float(rates[-1])),
    )


def _sentence(found: Mapping[str, float | None], agree: bool, diverged: bool, last: float) -> str:
    valley, steep, minimum = found["valley"], found["steepest"], found["minimum"]
    named = f"valley {valley:.2g}, steepest {steep:.2g}, a tenth of the minimum {minimum:.2g}"
    if agree:
        said = f"Begin with a learning rate of {valley:.2g} ({named}; within a factor of ten)."
    else:
        said = (
            f"The suggestions disagree by more than a factor of ten ({named}): look at the plot "
            f"before you choose, and make more steps or larger batches where it is ragged; "
            f"{valley:.2g} is the most cautious of them."
            if valley == min(each for each in found.values() if each is not None)
            else f"The suggestions disagree by more than a factor of ten ({named}): look at the "
            f"plot before you choose, and make more steps or larger batches where it is ragged."
        )
    end = f" The loss diverged at {last:.2g}." if diverged else ""
    open_end = "" if diverged else f" It had not diverged at {last:.2g}, the highest rate tried."
    return said + end + open_end


def valley(curve: np.ndarray) -> int:
    """The middle of the longest way down.

    That is the longest series of values each of which lies below the one before it; others may lie
    between them.

    Args:
        curve: (steps,).
    """
    lengths = np.ones(len(curve), np.int64)
    for i in range(1, len(curve)):
        lower = lengths[:i][curve[:i] > curve[i]]
        if lower.size:
            lengths[i] = lower.max() + 1
    end = int(lengths.argmax())
    start = max(end - int(lengths[end]), 0)
    third = (end - start) / 3
    return start + int(third) + int(third / 2)


def steepest(rates: np.ndarray, curve: np.ndarray) -> int:
    """Where the curve falls fastest by the logarithm of the rate.

    Args:
        rates: (steps,).
        curve: (steps,).
    """
    return int((np.diff(curve) / np.diff(np.log(rates))).argmin())


def _draw(axis: Any, found: LearningRates) -> None:
    rates, curve = found.rates, found.smoothed
    axis.set_xscale("log")
    axis.plot(rates, found.losses, color="#bbbbbb", linewidth=0.9, label="each step")
    axis.plot(rates, curve, color=INK, linewidth=1.8, label="smoothed")
    if len(curve):
        low = float(found.losses.min())
        head = float(np.percentile(found.losses[: max(len(curve) // 2, 1)], 98))
        room = (head - low) or abs(head) or 1.0
        axis.set_ylim(low - 0.12 * room, head + 0.45 * room)
    # Okabe and Ito's colours, which colour-blind eyes tell apart; the shapes differ too.
    marks = {
        "valley": ("#0072b2", "o"),
        "steepest": ("#d55e00", "D"),
        "minimum / 10": ("#009e73", "s"),
    }
    for name, rate in found.suggestions.items():
        colour, shape = marks[name]
        height = float(np.interp(np.log(rate), np.log(rates), curve))
        axis.axvline(rate, color=colour, linewidth=1, alpha=0.5, linestyle=(0, (4, 3)))
        axis.plot(
            [rate],
            [height],
            shape,
            color=colour,
            markersize=8,
            markeredgecolor="white",
            label=f"{name}: {rate:.2g}",
            linestyle="none",
            zorder=3,
        )
    axis.set_xlabel("learning rate")
    axis.set_ylabel("loss")
    title = "Learning rate range test"
    if found.suggestions and not found.agree:
        title += ": the suggestions disagree"
    axis.set_title(title, loc="left", fontsize=12, color=INK)
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.tick_params(colors=INK)
    axis.xaxis.label.set_color(INK)
    axis.yaxis.label.set_color(INK)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(FAINT)
    axis.legend(fontsize=9, loc="best", facecolor="white", edgecolor="none", framealpha=0.9)
