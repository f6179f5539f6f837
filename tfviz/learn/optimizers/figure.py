"""A race as a picture: one optimizer with its state, a few together, or a panel for each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.optimizers.ground import contours, fitted
from tfviz.learn.palette import BLUE, CYCLE, DASHES, FAINT, GREEN, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.optimizers.lesson import Race
    from tfviz.learn.optimizers.race import Run

# More than these in one panel can't be told apart.
TOGETHER = 6
WIDTH, HEIGHT = 12.8, 7.2
SETTLED = 1e-8
# Of a way that diverges, places at least.
LOST_SHOWN = 8


def draw(race: Race) -> Figure:
    """The picture."""
    with slide():
        if len(race.runs) == 1:
            return _alone(race)
        if len(race.runs) <= TOGETHER:
            return _few(race)
        return _many(race)


def ground(axes: Axes, race: Race) -> None:
    """The surface's lines of equal height, and where it is lowest, x and y to one scale."""
    from matplotlib.collections import LineCollection

    size = axes.get_window_extent()
    window = fitted(race.surface, size.width / size.height)
    lines = contours(race.surface, window)
    axes.add_collection(LineCollection(lines, colors=HAIR, linewidths=1.0, zorder=1))
    for x, y in race.surface.minima:
        axes.plot(x, y, "*", color=GREEN, markersize=13, markeredgecolor="white", zorder=5)
    axes.set_xlim(window[0])
    axes.set_ylim(window[1])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _way(axes: Axes, run: Run, colour: str, dashes: str = "-", *, ends: bool = True) -> None:
    points = drawn(axes, run)
    axes.plot(*points.T, color=colour, linestyle=dashes, linewidth=1.7, zorder=3)
    axes.plot(*points[0], "o", color=INK, markersize=7, zorder=4)
    # Who diverges ends nowhere.
    if ends and run.lost is None:
        axes.plot(*points[-1], "o", color=ORANGE, markersize=7, zorder=6)


def drawn(axes: Axes, run: Run) -> np.ndarray:
    """The places of a run that are drawn: all of them, or the first of one that diverges."""
    points = run.points[np.isfinite(run.points).all(axis=1)]
    if run.lost is None:
        return points
    # To and fro across the picture it would paint over everything: its first steps are enough.
    low, high = np.transpose([axes.get_xlim(), axes.get_ylim()])
    outside = ((points < low) | (points > high)).any(axis=1)
    return points[: max(int(np.argmax(outside)) + 1, LOST_SHOWN)]


def result(race: Race, run: Run) -> str:
    """How it went, in a few words."""
    if run.lost is not None:
        return f"diverged at {run.lost}"
    if run.reached is not None:
        return f"{run.reached} steps"
    return f"{_percent(run.gaps[-1] / run.gaps[0])} left"


def _percent(part: float) -> str:
    return f"{100 * part:.2g}%" if part < 0.995 else f"{100 * part:.0f}%"


def _title(figure: Figure, race: Race, told: str) -> None:
    figure.text(0.02, 0.965, plain(told), fontsize=18, va="center")
    figure.text(
        0.02,
        0.025,
        plain(
            f"black: start    {'' if 1 < len(race.runs) <= TOGETHER else 'orange: end    '}"
            "star: lowest place    "
            + (f"rates: {race.rates_from}" if len(race.rates_from) < 90 else "")
        ),
        fontsize=13,
        color=FAINT,
        va="center",
    )


def _many(race: Race) -> Figure:
    count = len(race.runs)
    columns = min(6, math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    figure = new_figure(WIDTH, HEIGHT)
    axes = np.ravel(figure.subplots(rows, columns, squeeze=False))
    figure.subplots_adjust(
        left=0.015, right=0.99, top=0.895, bottom=0.055, wspace=0.06, hspace=0.24
    )
    for each, run in zip(axes, race.ranked(), strict=False):
        ground(each, race)
        _way(each, run, BLUE)
        each.set_xticks([])
        each.set_yticks([])
        each.set_title(f"{_brief(run.name)}: {result(race, run)}", fontsize=13, pad=4)
    for each in axes[count:]:
        each.set_axis_off()
    percent = f"{100 * race.tolerance:g}%"
    _title(
        figure,
        race,
        f"{race.surface.name}: {race.steps} steps; told is when the gap stays within {percent}, "
        "or what is left",
    )
    return figure


def _brief(name: str) -> str:
    return name.replace("ScheduleFree", "SchedFree")


def _few(race: Race) -> Figure:
    figure = new_figure(WIDTH, HEIGHT)
    left = figure.add_axes((0.045, 0.125, 0.475, 0.79))
    ground(left, race)
    gap = figure.add_axes((0.6, 0.59, 0.385, 0.3))
    move = figure.add_axes((0.6, 0.15, 0.385, 0.3))
    for number, run in enumerate(race.runs):
        colour, dashes = CYCLE[number % len(CYCLE)], DASHES[number // len(CYCLE)]
        _way(left, run, colour, dashes, ends=False)
        shown = np.isfinite(run.gaps)
        steps = np.arange(len(run.gaps))
        label = f"{run.name} {run.rate:.3g}: {result(race, run)}"
        gap.plot(
            steps[shown],
            np.maximum(run.gaps[shown], 1e-16),
            color=colour,
            linewidth=1.8,
            label=label,
        )
        length = np.hypot(*run.moves.T)
        fine = np.isfinite(length) & (length > 0)
        move.plot(steps[1:][fine], length[fine], color=colour, linewidth=1.3)
    _log(gap, "height above the lowest place", race.runs[0].gaps[0])
    gap.axhline(
        race.tolerance * race.runs[0].gaps[0], color=FAINT, linewidth=1, linestyle="--", zorder=0
    )
    _log(move, "length of each step", None)
    move.set_xlabel("step")
    left.legend(
        handles=gap.get_lines()[: len(race.runs)],
        loc="best",  # where it covers least of the ways
        fontsize=13,
        frameon=True,
        framealpha=0.92,
        edgecolor="none",
    )
    _title(figure, race, f"{race.surface.name}: {race.surface.formula}")
    return figure


def _log(axes: Axes, told: str, first: float | None) -> None:
    axes.set_yscale("log")
    axes.set_title(told, fontsize=14)
    low, high = axes.get_ylim()
    # A method that got to the last bit, or one that flew away, leaves room for the others.
    if first is not None:
        # Who begins at the lowest place has no height to hold against.
        first = first or high
        axes.set_ylim(max(low, first * 1e-8), min(high, first * 1e2))
    else:
        axes.set_ylim(max(low, 1e-8), min(high, 1e2))


def _alone(race: Race) -> Figure:
    run = race.runs[0]
    figure = new_figure(WIDTH, HEIGHT)
    left = figure.add_axes((0.045, 0.125, 0.475, 0.79))
    ground(left, race)
    _way(left, run, BLUE)
    rows = 2 + len(run.state)
    tall = 0.79 / rows
    axes = [
        figure.add_axes((0.625, 0.915 - (i + 1) * tall + 0.01, 0.36, tall - 0.075))
        for i in range(rows)
    ]
    steps = np.arange(len(run.gaps))
    shown = np.isfinite(run.gaps)
    axes[0].plot(steps[shown], np.maximum(run.gaps[shown], 1e-16), color=INK)
    _log(axes[0], "height above the lowest place", run.gaps[0])
    for each, (name, values) in zip(axes[1:], run.state.items(), strict=False):
        _two(each, steps[1:], values)
        each.set_title(f"its {name.replace('_', ' ')}", fontsize=14)
    rate = np.where(np.abs(run.slopes) > 1e-9, run.effective_rate, np.nan)
    _two(axes[-1], steps[1:], rate)
    axes[-1].set_title("effective rate: step / -gradient", fontsize=14)
    finite = np.abs(rate[np.isfinite(rate)])
    if finite.size:
        # Where the gradient passes zero the ratio has no size to speak of.
        reach = 2.5 * float(np.quantile(finite, 0.9))
        axes[-1].set_ylim(-0.3 * reach if (rate < 0).any() else 0, reach or 1)
    axes[-1].set_xlabel("step")
    # What happens at the bottom of the well, to the last bits, is of no interest.
    deep = np.flatnonzero(run.gaps <= SETTLED * run.gaps[0])
    last = len(run.gaps) - 1 if not len(deep) else min(len(run.gaps) - 1, int(1.2 * deep[0]) + 10)
    for each in axes:
        each.set_xlim(0, last)
    for each in axes[:-1]:
        each.set_xticklabels([])
    if run.state:
        axes[1].legend(
            ["along x", "along y"],
            fontsize=13,
            # Above the curves, in the line of the title.
            loc="lower right",
            bbox_to_anchor=(1.0, 0.99),
            ncols=2,
            borderaxespad=0,
        )
    _title(
        figure,
        race,
        f"{run.name}, rate {run.rate:.3g}, on the {race.surface.name}: {result(race, run)}"
        + (f" to {100 * race.tolerance:g}%" if run.reached is not None else ""),
    )
    return figure


def _two(axes: Axes, steps: np.ndarray, values: np.ndarray) -> None:
    axes.plot(steps, values[:, 0], color=BLUE, linewidth=1.6)
    axes.plot(steps, values[:, 1], color=ORANGE, linewidth=1.6, linestyle="--")
    axes.locator_params(axis="y", nbins=4)
