"""Softmax and its kin on a slide: bars, and the Jacobian as a matrix."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.learn.activations.vectors import WRITTEN, near
from tfviz.learn.palette import BLUE, FAINT, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.activations.vectors import VectorActivation

COLOURS = "PuOr_r"
"""Purple for negative, orange for positive, white at 0: told apart by all eyes."""


def draw(lesson: VectorActivation) -> Figure:
    """The figure of a lesson; where Keras is wrong, what is right stands beside it."""
    wrong = bool(lesson.warnings) and lesson.formula is not None
    with slide():
        figure = new_figure(12.8, 7.2)
        figure.text(0.03, 0.945, lesson.name, fontsize=24, weight="bold", va="center")
        figure.text(
            0.05 + 0.0185 * len(lesson.name),
            0.942,
            plain(lesson.activation.formula),
            fontsize=15,
            color=FAINT,
            va="center",
        )
        grid = figure.add_gridspec(
            2,
            3 if wrong else 2,
            width_ratios=(1, 1.2, 1.2) if wrong else (1, 1.5),
            left=0.05,
            right=0.975,
            top=0.86,
            bottom=0.255,
            hspace=0.5,
            wspace=0.22,
        )
        _bars(figure.add_subplot(grid[0, 0]), lesson.logits, None, "z, the logits")
        truth = lesson.truth if wrong else None
        _bars(figure.add_subplot(grid[1, 0]), lesson.outputs, truth, f"{lesson.name}(z)")
        _matrix(figure.add_subplot(grid[:, 1]), lesson.jacobian, "d output_i / d z_j, by the tape")
        if wrong and lesson.formula is not None:
            _matrix(figure.add_subplot(grid[:, 2]), lesson.formula, "what it should be")
        _words(figure, lesson)
    return figure


def _words(figure: Figure, lesson: VectorActivation) -> None:
    checks = f"Central differences: {near(lesson.off_differences)}."
    if lesson.off_rule is not None:
        checks = f"{lesson.rule}: {lesson.rule_told}. {checks}"
    lines = [(checks, False)]
    for sentence in (*lesson.warnings, *lesson.sentences):
        warns = sentence in lesson.warnings
        lines += [(line, warns) for line in textwrap.wrap(sentence, 108 if warns else 118)]
    for number, (line, warns) in enumerate(lines[:4]):
        figure.text(
            0.03,
            0.14 - 0.036 * number,
            plain(line),
            fontsize=13,
            color=ORANGE if warns else INK,
            weight="bold" if warns else "normal",
            va="center",
        )


def _bars(axes: Axes, values: np.ndarray, truth: np.ndarray | None, title: str) -> None:
    count = len(values)
    places = np.arange(count)
    axes.bar(places, values, color=BLUE, width=0.7)
    if truth is not None:
        axes.bar(places, truth, width=0.7, fill=False, edgecolor=INK, linestyle="--", linewidth=1.5)
        title += "; dashed: true"
    axes.axhline(0, color=HAIR, linewidth=1)
    axes.set_title(title)
    axes.margins(y=0.22)
    if count > WRITTEN:
        return
    axes.set_xticks(places)
    for place, value in enumerate(values):
        axes.annotate(
            f"{value:.3g}",
            (place, value),
            (0, 3 if value >= 0 else -3),
            ha="center",
            va="bottom" if value >= 0 else "top",
            textcoords="offset points",
            fontsize=13,
        )


def _matrix(axes: Axes, matrix: np.ndarray, title: str) -> None:
    count = len(matrix)
    largest = float(np.abs(matrix).max()) or 1.0
    drawn = axes.imshow(matrix, cmap=COLOURS, vmin=-largest, vmax=largest, interpolation="nearest")
    axes.set_title(title)
    axes.set_xlabel("j: the logit that moves")
    axes.set_ylabel("i: the output that answers")
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    if count > WRITTEN:
        bar = axes.figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.03)
        bar.outline.set_linewidth(0)
        return
    axes.set_xticks(range(count))
    axes.set_yticks(range(count))
    size = 18 if count <= 4 else 13
    digits = 3 if count <= 5 else 2
    for (i, j), value in np.ndenumerate(matrix):
        axes.text(
            j,
            i,
            f"{value + 0.0:.{digits}f}",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if abs(value) > 0.6 * largest else INK,
        )
