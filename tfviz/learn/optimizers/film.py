"""A race as an animated GIF."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.draw.figure import new_figure
from tfviz.errors import InputError
from tfviz.files.atomic import ensure_writable, write_bytes
from tfviz.learn.optimizers.figure import drawn, ground
from tfviz.learn.palette import CYCLE, DASHES, INK, slide

if TYPE_CHECKING:
    from tfviz.learn.optimizers.lesson import Race

FRAMES = 60
PER_SECOND = 12


def gif_path(path: str | os.PathLike[str]) -> Path:
    """The file of a film.

    Raises:
        InputError: When its name is not that of a GIF.
    """
    aim = Path(path)
    if aim.suffix.lower() != ".gif":
        raise InputError(f"'{aim}' is no name of an animated GIF: let it end in .gif.")
    return aim


def save_gif(race: Race, path: str | os.PathLike[str]) -> Path:
    """Writes the race as an animated GIF, whole or not at all.

    Args:
        race: What was run.
        path: The file, whose name ends in .gif.

    Returns:
        The file.

    Raises:
        InputError: When the name ends in something else.
        OutputError: If the place can't be written to.
    """
    from matplotlib.animation import FuncAnimation, PillowWriter

    aim = gif_path(path)
    ensure_writable(aim.parent)
    # Slow at first, where most happens.
    shown = np.unique((np.linspace(0, 1, FRAMES) ** 2 * race.steps).round().astype(int))
    with slide():
        figure = new_figure(9.6, 6.4)
        axes = figure.add_axes((0.03, 0.04, 0.94, 0.88))
        ground(axes, race)
        axes.set_xticks([])
        axes.set_yticks([])
        title = axes.set_title("")
        seen = []
        for number, run in enumerate(race.runs):
            colour, dashes = CYCLE[number % len(CYCLE)], DASHES[number // len(CYCLE) % len(DASHES)]
            (way,) = axes.plot([], [], color=colour, linestyle=dashes, label=run.name, zorder=3)
            (dot,) = axes.plot([], [], "o", color=colour, markersize=8, zorder=4)
            seen.append((drawn(axes, run), way, dot))
        axes.plot(*race.start, "o", color=INK, markersize=6, zorder=5)
        columns = 1 if len(race.runs) <= 8 else 2
        axes.legend(
            loc="upper right",
            ncols=columns,
            frameon=True,
            framealpha=0.9,
            edgecolor="none",
            fontsize=12,
        )

        def at(k: int) -> list[Any]:
            title.set_text(f"{race.surface.name}: step {k}")
            for points, way, dot in seen:
                way.set_data(*points[: k + 1].T)
                dot.set_data(*points[k : k + 1].T)
            return []

        film = FuncAnimation(figure, at, frames=[int(each) for each in shown])
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "race.gif"
            film.save(made, writer=PillowWriter(fps=PER_SECOND))
            write_bytes(aim, made.read_bytes())
    return aim
