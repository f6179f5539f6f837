"""The overview of a training step: how large gradients are, and how far weights move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tfviz.draw.figure import new_figure, plain, shorten
from tfviz.learn.palette import BLUE, FAINT, GRADIENT, HAIR, INK, slide
from tfviz.learn.steps.records import Weight
from tfviz.learn.steps.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.steps.lesson import StepLesson

MOST_BARS = 24
# What an update usually is of the weights it changes (A. Karpathy, CS231n, "Ratio of weights to
# updates", names 1e-3).
USUAL = (1e-4, 1e-2)


def rows_of(lesson: StepLesson) -> list[tuple[str, float, float | None]]:
    """What is drawn: for each layer with weights its name, the norm of all its weights' gradients
    together, and the norm of all their updates over that of all their values.
    """
    weights = {each.path: each for each in lesson.weights}
    found = []
    for each in lesson.layers:
        own: list[Weight] = [weights[path] for path in each.weights]
        norms = [w.gradient.norm for w in own if w.gradient is not None]
        if own:
            norm = math.sqrt(sum(value**2 for value in norms))
            found.append((lesson.called(each.path), norm, each.ratio))
    return found


def overview(lesson: StepLesson) -> Figure:
    """Bars of gradient norm a layer, and of update over weight, in the order the step ran."""
    rows = rows_of(lesson)
    left_out = max(0, len(rows) - MOST_BARS)
    if left_out:
        half = MOST_BARS // 2
        rows = [*rows[:half], *rows[-half:]]
    with slide():
        figure = new_figure(12.8, 7.2)
        figure.subplots_adjust(left=0.23, right=0.965, top=0.815, bottom=0.13, wspace=0.12)
        gradients, ratios = figure.subplots(1, 2, sharey=True)
        places = range(len(rows))
        size = 13 if len(rows) <= 16 else 11
        _bars(gradients, [norm for _, norm, _ in rows], GRADIENT)
        gradients.set_yticks(list(places), [plain(_end(name)) for name, _, _ in rows])
        gradients.tick_params(axis="y", labelsize=size, length=0, labelcolor=INK)
        gradients.invert_yaxis()
        gradients.set_title("gradient of a layer's weights")
        gradients.set_xlabel("norm, log scale")
        _bars(ratios, [ratio for _, _, ratio in rows], BLUE)
        ratios.axvspan(*USUAL, color=HAIR, alpha=0.5, linewidth=0, zorder=0)
        ratios.tick_params(axis="y", length=0)
        ratios.set_title("update / weight")
        ratios.set_xlabel("ratio of norms, log scale; gray: usual")
        if left_out:
            for axes in (gradients, ratios):
                axes.axhline(MOST_BARS // 2 - 0.5, color=FAINT, linewidth=1, linestyle=":")
        samples = "1 sample" if lesson.samples == 1 else f"{lesson.samples} samples"
        figure.text(
            0.02,
            0.945,
            plain(f"One training step of {shorten(lesson.model, 40)}: loss {number(lesson.loss)}"),
            fontsize=19,
            va="center",
        )
        more = f"; {left_out} layers left out at the dotted line" if left_out else ""
        told = f"{samples}, input on top{more}. Update: {lesson.updated_by.partition(',')[0]}"
        figure.text(0.02, 0.895, plain(shorten(told, 118)), fontsize=13, color=FAINT, va="center")
        figure.canvas.draw()
    return figure


def _bars(axes: Axes, values: list[float | None], colour: str) -> None:
    """Bars on a log scale, whose length has a beginning: a decade below the smallest."""
    positive = [each for each in values if each is not None and each > 0 and math.isfinite(each)]
    low, high = min(positive, default=0.1), max(positive, default=1.0)
    start = 10.0 ** (math.floor(math.log10(low)) - 0.3)
    axes.set_xscale("log")
    axes.set_xlim(start, high * (high / start) ** 0.2)
    for place, value in enumerate(values):
        if value is not None and math.isfinite(value) and value > 0:
            axes.barh(place, value - start, left=start, height=0.68, color=colour)
            label = f"{value:.2g}"
        else:
            label = "no gradient" if value == 0 else "not finite" if value is not None else "was 0"
        axes.text(
            max(value or start, start) * (high / start) ** 0.015 if label[0].isdigit() else start,
            place,
            label,
            va="center",
            fontsize=12 if len(values) <= 16 else 10.5,
            color=INK,
        )
    axes.spines["left"].set_visible(False)
    axes.minorticks_off()


def _end(name: str) -> str:
    """The end of a path, which tells siblings apart."""
    return name if len(name) <= 26 else "…" + name[-25:]
