"""A receptive field as a picture: what a unit can see, what it heeds, and the profile of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tfviz.draw.figure import new_figure, plain, shorten
from tfviz.learn.convolutions.receptive import BY_GRADIENT, BY_NAN, ReceptiveField
from tfviz.learn.palette import AMBER, BLUE, FAINT, INK, ORANGE, slide

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# How pale the photo is outside of what the unit sees.
PALE = 0.62


def draw(lesson: ReceptiveField) -> Figure:
    """The picture."""
    from matplotlib.patches import Circle

    height, width = lesson.input_size
    with slide():
        figure = new_figure(12.8, 7.2)
        left = figure.add_axes((0.02, 0.3, 0.3, 0.54))
        middle = figure.add_axes((0.345, 0.3, 0.3, 0.54))
        right = figure.add_axes((0.705, 0.33, 0.28, 0.48))
        ground = _ground(lesson)
        left.imshow(ground, interpolation="nearest")
        left.set_title(f"what it can see{_found_how(lesson)}", fontsize=15)
        most = float(lesson.influence.max())
        middle.imshow(
            np.sqrt(lesson.influence / most) if most else lesson.influence,
            cmap="magma",
            interpolation="nearest",
            vmin=0,
            vmax=1,
        )
        middle.set_title("what it heeds (root of |gradient|)", fontsize=15)
        for axes in (left, middle):
            _box(axes, lesson)
            axes.set_xlim(-0.5, width - 0.5)
            axes.set_ylim(height - 0.5, -0.5)
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set_visible(False)
        if most:
            y, x = lesson.centre
            for share, dashes in ((0.5, "-"), (0.95, "--")):
                middle.add_patch(
                    Circle(
                        (x, y),
                        lesson.radius(share),
                        fill=False,
                        edgecolor="white",
                        linestyle=dashes,
                        linewidth=1.6,
                    )
                )
        _profile(right, lesson)
        figure.text(
            0.02,
            0.955,
            plain(
                f"{shorten(lesson.model, 24)}, {shorten(lesson.layer, 40)}: unit {lesson.at} of "
                f"{lesson.map_size[0]}x{lesson.map_size[1]}"
            ),
            fontsize=18,
            va="center",
        )
        lines = lesson.sentences()
        for number, line in enumerate(lines):
            figure.text(0.02, 0.235 - 0.045 * number, plain(line), fontsize=13.5, va="center")
        many = f"mean of {lesson.images} images" if lesson.images > 1 else "of this image"
        figure.text(
            0.02,
            0.03,
            plain(
                f"orange: what it can see.  White: half and 95% of the influence.  Gradients: "
                f"{many}.  {lesson.note}"
            ),
            fontsize=13,
            color=FAINT,
            va="center",
        )
    return figure


def _found_how(lesson: ReceptiveField) -> str:
    """How sure the box is, where it doesn't follow from the operations."""
    if lesson.method.startswith(BY_NAN):
        return " (measured)"
    return " (at least)" if lesson.method.startswith(BY_GRADIENT) else ""


def _ground(lesson: ReceptiveField) -> np.ndarray:
    """The photo, pale where the unit can't see; white where there is none."""
    if lesson.picture is None:
        return np.full((*lesson.input_size, 3), 236, np.uint8)
    top, left, bottom, right = lesson.box
    pale = 255 - (255 - lesson.picture.astype(np.float32)) * (1 - PALE)
    found = pale.astype(np.uint8)
    inside = np.s_[top : bottom + 1, left : right + 1]
    found[inside] = lesson.picture[inside]
    return found


def _box(axes: Axes, lesson: ReceptiveField) -> None:
    from matplotlib.patches import Rectangle

    top, left, bottom, right = lesson.box
    axes.add_patch(
        Rectangle(
            (left - 0.5, top - 0.5),
            right - left + 1,
            bottom - top + 1,
            fill=False,
            edgecolor=ORANGE,
            linewidth=2.4,
            clip_on=False,
            zorder=4,
        )
    )


def _profile(axes: Axes, lesson: ReceptiveField) -> None:
    along = lesson.influence.sum(axis=0, dtype=np.float64)
    along = along / along.max() if along.max() else along
    columns = np.arange(len(along))
    axes.axvspan(lesson.box[1] - 0.5, lesson.box[3] + 0.5, color=AMBER, alpha=0.18, linewidth=0)
    axes.fill_between(columns, along, step="mid", color=BLUE, alpha=0.25, linewidth=0)
    axes.step(columns, along, where="mid", color=BLUE, linewidth=1.6)
    axes.set_xlim(-0.5, len(along) - 0.5)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 1])
    axes.set_xlabel("column of the image")
    axes.set_title("influence of each column", fontsize=15, color=INK)
