"""A race of optimizers: their ways over a surface, with what they kept in mind on the way."""

from __future__ import annotations

import functools
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfviz.errors import InputError, nearest
from tfviz.learn.given import names_of, number, two_numbers
from tfviz.learn.lesson import Lesson
from tfviz.learn.naming import file_stem
from tfviz.learn.optimizers.field import Entrant, find_entrants, unable
from tfviz.learn.optimizers.race import TOLERANCE, Run, Track, steepest_curvature
from tfviz.learn.optimizers.schedule_free import NOTICED, departure
from tfviz.learn.optimizers.surfaces import ANGLE, CONDITION, NAMES, Surface
from tfviz.learn.optimizers.surfaces import surface as _surface
from tfviz.learn.optimizers.tuning import TRIED, best_rates

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from matplotlib.figure import Figure

    from tfviz.learn.optimizers.tournament import Tournament

STEPS = 500
# A hundred kilobytes of numbers go with a hundred steps of everybody.
MOST_STEPS = 10_000
FARTHEST = 1e6
# Up to so many are named by the files.
FEW = 4


@dataclass(frozen=True, eq=False)
class Race(Lesson):
    """Optimizers on one surface.

    Attributes:
        surface: Which.
        start: Where all began.
        steps: How many steps each made.
        tolerance: The part of the gap at the start that counts as arrived.
        runs: Their ways, in the order in which they were named.
        rates_from: Where the learning rates come from, in words.
        seed: Of the noisy bowl.
        left_out: Who can't run with this Keras, and why, a sentence each.
    """

    surface: Surface
    start: tuple[float, float]
    steps: int
    tolerance: float
    runs: tuple[Run, ...]
    rates_from: str
    seed: int
    left_out: tuple[str, ...]

    @property
    def name(self) -> str:  # type: ignore[override]
        """What its files are called."""
        few = [each.name.lower() for each in self.runs] if len(self.runs) <= FEW else []
        return file_stem(["optimizer", *few, self.surface.name])

    @property
    def notes(self) -> list[str]:
        """What must be known to read the race rightly."""
        told = [f"Rates: {self.rates_from}.", *self.left_out]
        by_name = {each.name: each for each in self.runs}
        muon, adamw = by_name.get("Muon"), by_name.get("AdamW")
        if muon is not None:
            same = adamw is not None and np.array_equal(muon.points, adamw.points, equal_nan=True)
            told.append(
                "Muon orthogonalises the steps of matrices; a vector of two weights is none, so "
                "here it steps as AdamW"
                + (": the same path to the last bit." if same else ", by its own settings.")
            )
        free = by_name.get("ScheduleFreeAdamW")
        if free is not None:
            off = departure(free)
            told.append(
                "ScheduleFreeAdamW: drawn are the weights that gradients are taken at, as Keras "
                "trains them"
                + (
                    f". This Keras departs from the paper's rule, by up to {off:.2g} in a step: it "
                    "averages with a z that has already moved."
                    if off > NOTICED
                    else "."
                )
            )
        if self.surface.step_function is not None:
            told.append(
                f"Each step saw the same mini-batch for everybody (seed {self.seed}); heights are "
                "those of all points together. Eight points can be curved more than all are, so a "
                "rate of 1/(largest curvature) can be too large for them."
            )
        return told

    def ranked(self) -> list[Run]:
        """Who arrived first; then by how low they got."""
        return sorted(
            self.runs,
            key=lambda each: (
                math.inf if each.reached is None else each.reached,
                each.gaps[-1] if math.isfinite(each.gaps[-1]) else math.inf,
            ),
        )

    def numbers(self) -> dict[str, Any]:
        """All places, gaps, slopes and states."""
        return {
            "surface": {
                "name": self.surface.name,
                "formula": self.surface.formula,
                "minima": self.surface.minima,
                "lowest": self.surface.lowest,
            },
            "start": self.start,
            "steps": self.steps,
            "tolerance": self.tolerance,
            "rates_from": self.rates_from,
            "seed": self.seed,
            "notes": self.notes,
            "runs": [
                {
                    "name": each.name,
                    "rate": each.rate,
                    "reached": each.reached,
                    "lost": each.lost,
                    "gap": each.gaps[-1],
                    "points": each.points,
                    "gaps": each.gaps,
                    "slopes": each.slopes,
                    "state": each.state,
                    "effective_rate": each.effective_rate,
                }
                for each in self.runs
            ],
        }

    def figure(self) -> Figure:
        """The ways on the surface; for one optimizer also its state, for a few their gaps."""
        from tfviz.learn.optimizers.figure import draw

        return draw(self)

    def page(self) -> str:
        """Moments of the race to step through, with everybody's numbers."""
        from tfviz.learn.optimizers.page import page

        return page(self)

    def save_gif(self, path: str | os.PathLike[str]) -> Path:
        """The race as an animated GIF.

        Args:
            path: The file, whose name ends in .gif.

        Raises:
            InputError: When the name ends in something else.
            OutputError: If the place can't be written to.
        """
        from tfviz.learn.optimizers.film import save_gif

        return save_gif(self, path)

    def __str__(self) -> str:
        start = ", ".join(f"{each:g}" for each in self.start)
        gap = self.runs[0].gaps[0]
        lines = [
            f"{self.surface.name}: {self.surface.formula}",
            self.surface.lesson,
            f"{self.steps} steps from ({start}), {gap:.3g} above the lowest place",
            "",
            f"{'optimizer':<18}{'rate':>9}{'steps to ' + _part(self.tolerance):>16}"
            f"{'gap at the end':>16}   ends at",
        ]
        lines += [_line(each) for each in self.ranked()]
        lines += ["", *(line for each in self.notes for line in textwrap.wrap(each, 80))]
        return "\n".join(lines)


def _line(run: Run) -> str:
    if run.lost is not None:
        return f"{run.name:<18}{run.rate:>9.3g}{'-':>16}{'-':>16}   diverged at step {run.lost}"
    reached = "-" if run.reached is None else str(run.reached)
    x, y = run.points[-1]
    gap = max(run.gaps[-1], 0.0)
    shown = f"{gap:>16.2g}" if gap == 0 or gap >= 1e-4 else f"{gap:>16.1e}"
    return f"{run.name:<18}{run.rate:>9.3g}{reached:>16}{shown}   ({_place(x)}, {_place(y)})"


def _place(value: float) -> str:
    # Without the sign of a zero.
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 1e4 else f"{value:.3g}"


def _part(tolerance: float) -> str:
    return f"{100 * tolerance:g}%"


def optimizer(
    names: str | Sequence[str] = (),
    *,
    surface: str = "ravine",
    steps: int = STEPS,
    rate: float | None = None,
    tune: bool = False,
    condition: float = CONDITION,
    angle: float = ANGLE,
    start: tuple[float, float] | None = None,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> Race | Tournament:
    """Let Keras's optimizers run over a surface: the real objects, in one compiled loop.

        print(tfviz.learn.optimizer(["SGD", "Adam"], surface="rosenbrock"))

    Args:
        names: Of optimizers; all of the installed Keras, momentum and Lookahead where empty. There
            are variants: 'Momentum', 'Nesterov', 'AMSGrad', 'Lookahead' (around Adam).
        surface: 'bowl', 'ravine', 'rosenbrock', 'beale', 'himmelblau', 'saddle', 'noisy', or 'all'
            for a table of steps.
        steps: How many steps each makes, up to 10000.
        rate: One learning rate for all. By default 1/L for those whose steps are as long as the
            slope is steep (L the largest curvature at the start and the minima), and a fixed one
            that suits two weights for each of the others.
        tune: Instead try the same eleven rates from 0.0001 to 10 with everybody, on this very
            surface, and take the one that arrives first, or gets lowest.
        condition: Of the ravine, how many times as steep across as along.
        angle: Of the ravine, by how many degrees it is turned.
        start: Where to begin; by default where the surface says.
        tolerance: Which part of the gap at the start counts as arrived.
        seed: Of the noisy bowl.

    Returns:
        A `Race`, or for 'all' a `Tournament`: `print` it, `.figure()`, `.save(folder)`.

    Raises:
        InputError: For an unknown optimizer or surface, or a number that makes no sense.
    """
    listed = names_of(names, "names", "adam")
    for what, given in (("tolerance", tolerance), ("condition", condition), ("angle", angle)):
        number(given, what)
    if rate is not None:
        number(rate, "rate")
    if start is not None:
        start = two_numbers(start, "start")
    entrants = find_entrants(listed)
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise InputError(f"rate {rate} is no learning rate: give a positive number such as 0.1.")
    if rate is not None and tune:
        raise InputError("rate= and tune=True contradict each other: give one of them.")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise InputError(f"steps {steps!r} must be a whole number from 1 to {MOST_STEPS}.")
    if not 0 < tolerance < 1:
        raise InputError(f"tolerance {tolerance} must lie between 0 and 1, as 0.001 does.")
    if start is not None and not all(abs(each) <= FARTHEST for each in start):
        raise InputError(
            f"start {start} must be two numbers, x and y, each from -{FARTHEST:g} to {FARTHEST:g}."
        )
    ground = functools.partial(_surface, condition=condition, angle=angle, seed=seed)
    chosen = str(surface).strip().lower()
    if chosen not in (*NAMES, "all"):
        raise InputError(
            f"'{surface}' is no surface.{nearest(chosen, (*NAMES, 'all'))} "
            f"There are {', '.join(NAMES)}, and all for a table."
        )
    if chosen == "all" and start is not None:
        raise InputError("start= means another place on each surface: name one surface.")
    grounds = [ground(each) for each in (NAMES if chosen == "all" else [chosen])]
    entrants, left_out = _able(entrants, listed)
    race = functools.partial(
        _race,
        entrants,
        left_out,
        steps=steps,
        rate=rate,
        tune=tune,
        tolerance=tolerance,
        seed=seed,
    )
    if chosen == "all":
        from tfviz.learn.optimizers.tournament import Tournament

        return Tournament(tuple(race(each) for each in grounds))
    return race(grounds[0], start=start)


def _able(entrants: list[Entrant], listed: Sequence[str]) -> tuple[list[Entrant], tuple[str, ...]]:
    """Those that can run, and a sentence on each that can't, unless it was named."""
    broken = unable(entrants)
    told = {
        name: f"{name} of Keras {keras.__version__} can't make a step on TensorFlow ({why})."
        for name, why in broken.items()
    }
    for name in listed:
        for each in broken:
            if name.strip().lower() == each.lower():
                raise InputError(f"{told[each]} A newer Keras may: python -m pip install -U keras.")
    return [each for each in entrants if each.name not in broken], tuple(told.values())


def _race(
    entrants: Sequence[Entrant],
    left_out: tuple[str, ...],
    ground: Surface,
    *,
    steps: int,
    rate: float | None,
    tune: bool,
    tolerance: float,
    seed: int,
    start: tuple[float, float] | None = None,
) -> Race:
    track = Track(entrants, ground, steps, start)
    if tune:
        rates = best_rates(track, tolerance)
        told = (
            f"for each the best of the same {len(TRIED)} ({TRIED[0]:g} to {TRIED[-1]:g}), tried "
            "on this very surface"
        )
    elif rate is not None:
        rates = [rate] * len(entrants)
        told = f"{rate:g} for everybody, as asked"
    else:
        steep = steepest_curvature(ground, track.start)
        rates = [1 / steep if each.by_slope else each.rate for each in entrants]
        told = "1/(largest curvature) for SGD and its kin, a fixed one for others; not tuned"
    runs = track.run(rates, tolerance)
    return Race(ground, track.start, steps, tolerance, tuple(runs), told, seed, left_out)


__all__ = ["Race", "optimizer"]
