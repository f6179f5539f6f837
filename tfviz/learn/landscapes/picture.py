"""A landscape as a picture: contours with the centre, the lowest point and the way there."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.draw.figure import new_figure, plain, shorten
from tfviz.learn.palette import AMBER, BLUE, FAINT, HAIR, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfviz.learn.landscapes.lesson import Landscape

LEVELS = 22
COLOURS = "cividis"


def plane(lesson: Landscape) -> Figure:
    """Contours on the left, a cut along each axis on the right."""
    with slide():
        figure = new_figure(12.8, 7.2)
        contours = figure.add_axes((0.075, 0.12, 0.46, 0.685))
        bar = figure.add_axes((0.545, 0.12, 0.014, 0.685))
        cuts = figure.add_axes((0.705, 0.47, 0.275, 0.335))
        _head(figure, lesson)
        _contours(figure, contours, bar, lesson)
        _cuts(cuts, lesson)
        _caveats(figure, lesson, 0.655, 0.345)
        figure.canvas.draw()
    return figure


def line(lesson: Landscape) -> Figure:
    """The loss along one direction."""
    with slide():
        figure = new_figure(12.8, 7.2)
        axes = figure.add_axes((0.09, 0.2, 0.88, 0.6))
        _head(figure, lesson)
        axes.plot(lesson.axes[0], _finite(lesson.losses), color=BLUE)
        if lesson.visits:
            places = [each.at[0] for each in lesson.visits]
            losses = [each.loss for each in lesson.visits]
            axes.plot(
                places, losses, "o", color=AMBER, markersize=7, label="the training, off this line"
            )
        axes.plot(0, lesson.centre, "*", color=ORANGE, markersize=18, label="centre")
        _lowest(axes, lesson, along=True)
        _scale(axes, lesson)
        axes.set_xlabel(_axis_name(lesson, 0))
        axes.set_ylabel("loss, log scale" if _log(lesson) else "loss")
        axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, handletextpad=0.3)
        _caveats(figure, lesson, 0.09, 0.085, width=116)
        figure.canvas.draw()
    return figure


def _head(figure: Figure, lesson: Landscape) -> None:
    title = f"Loss around the weights of {shorten(lesson.model, 36)}"
    if lesson.kind == "pca":
        title = f"Where the training of {shorten(lesson.model, 36)} went"
    figure.text(0.02, 0.945, plain(title), fontsize=19, va="center")
    told = f"{lesson.loss_name} on {lesson.samples} samples; at the centre {lesson.centre:.4g}"
    figure.text(0.02, 0.895, plain(shorten(told, 110)), fontsize=13, color=FAINT, va="center")


def _contours(figure: Figure, axes: Axes, bar: Axes, lesson: Landscape) -> None:
    from matplotlib import patheffects
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import MaxNLocator

    halo: list[Any] = [patheffects.withStroke(linewidth=3, foreground="white")]
    losses = _finite(lesson.losses)
    x, y = (np.asarray(each) for each in lesson.axes)
    axes.set_facecolor(HAIR)
    levels = _levels(lesson, losses)
    if levels is not None:
        norm: Any = (LogNorm if _log(lesson) else Normalize)(levels[0], levels[-1])
        filled = axes.contourf(x, y, losses, levels, cmap=COLOURS, norm=norm, zorder=0)
        drawn = axes.contour(
            x, y, losses, levels[1:-1:3], colors="white", linewidths=0.9, alpha=0.8, zorder=1
        )
        labels = axes.clabel(drawn, fontsize=11, colors=INK, fmt=lambda value: f"{value:.2g}")
        for label in labels:
            label.set_path_effects(halo)
        ticks: Any = levels[:: max(1, (len(levels) - 1) // 5)] if _log(lesson) else MaxNLocator(6)
        figure.colorbar(filled, cax=bar, ticks=ticks, format=lambda value, _: f"{value:.3g}")
        bar.minorticks_off()
        bar.set_ylabel("loss, log scale" if _log(lesson) else "loss")
    else:
        bar.set_axis_off()
        value = losses[np.isfinite(losses)]
        said = "no finite loss anywhere"
        if value.size:
            said = f"loss {value[0]:.4g} everywhere"
            if value.size < losses.size:
                said += " where it is finite"
        # Above the middle, where the centre is marked.
        axes.text(0.5, 0.62, said, transform=axes.transAxes, ha="center")
        axes.set_xlim(x[0], x[-1])
        axes.set_ylim(y[0], y[-1])
    if lesson.visits:
        way = np.array([each.at for each in lesson.visits])
        axes.plot(way[:, 0], way[:, 1], "o-", color=ORANGE, markersize=5, path_effects=halo)
        axes.annotate("start", way[0], xytext=(8, 8), textcoords="offset points", path_effects=halo)
    axes.plot(
        0, 0, "*", color=ORANGE, markersize=20, markeredgecolor="white", label="centre", zorder=5
    )
    _lowest(axes, lesson, along=False)
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, handletextpad=0.3, borderpad=0.2
    )
    axes.set_xlabel(_axis_name(lesson, 0))
    axes.set_ylabel(_axis_name(lesson, 1))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _cuts(axes: Axes, lesson: Landscape) -> None:
    for i, (name, colour, dash) in enumerate((("axis 1", BLUE, "-"), ("axis 2", ORANGE, "--"))):
        axes.plot(lesson.axes[i], _finite(lesson.cut(i)), dash, color=colour, label=name)
    # The lines of the grid pass by the centre, unless both have a point there.
    exact = all(np.abs(each).min() <= 1e-9 * np.ptp(each) for each in lesson.axes)
    axes.set_title(f"Cuts {'through' if exact else 'next to'} the centre", fontsize=14)
    _scale(axes, lesson)
    axes.set_xlabel("along the axis")
    axes.set_ylabel("loss")
    axes.legend(loc="best", fontsize=12)


def _lowest(axes: Axes, lesson: Landscape, *, along: bool) -> None:
    found = lesson.lowest
    if found is None:
        return
    at, loss = found
    label = f"lowest on the grid: {loss:.4g}" + (", on its rim" if lesson.lowest_on_rim else "")
    place = (at[0], loss) if along else at
    axes.plot(
        *place,
        "D",
        color=INK,
        markersize=8,
        markeredgecolor="white",
        linestyle="none",
        label=label,
        zorder=6,
        clip_on=False,
    )


def _caveats(figure: Figure, lesson: Landscape, x: float, y: float, width: int = 46) -> None:
    told = list(lesson.caveats())
    bad = int(lesson.losses.size - np.isfinite(lesson.losses).sum())
    if bad:
        told.append(f"Gray: {bad} points where the loss is not finite.")
    if width > 60:
        told = [" ".join(told)]
    text = "\n".join("\n".join(textwrap.wrap(each, width)) for each in told)
    figure.text(x, y, plain(text), fontsize=13, color=INK, va="top", linespacing=1.4)


def _axis_name(lesson: Landscape, axis: int) -> str:
    if lesson.kind == "pca":
        share = lesson.explained[axis] if axis < len(lesson.explained) else 0.0
        return f"component {axis + 1}: {share:.1%} of the variance"
    return f"random direction {axis + 1} (1: a filter's own length)"


def _levels(lesson: Landscape, losses: np.ndarray) -> np.ndarray | None:
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-30):
        return None
    if _log(lesson):
        return np.geomspace(low, high, LEVELS + 1)
    return np.linspace(low, high, LEVELS + 1)


def _log(lesson: Landscape) -> bool:
    """A log scale needs losses above 0; where one isn't, the scale is linear, and says nothing."""
    finite = lesson.losses[np.isfinite(lesson.losses)]
    return bool(lesson.log and finite.size and finite.min() > 0)


def _scale(axes: Axes, lesson: Landscape) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if _log(lesson):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _finite(losses: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(losses), losses, np.nan)
