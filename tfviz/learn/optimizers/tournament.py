"""All surfaces at once: who needs how many steps."""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.draw.figure import new_figure
from tfviz.errors import InputError
from tfviz.learn.lesson import Lesson
from tfviz.learn.palette import INK, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfviz.learn.optimizers.lesson import Race


@dataclass(frozen=True, eq=False)
class Tournament(Lesson):
    """The same optimizers on several surfaces.

    Attributes:
        races: One for each surface.
    """

    races: tuple[Race, ...]
    name = "optimizer-all"

    @property
    def optimizers(self) -> list[str]:
        """Who took part."""
        return [each.name for each in self.races[0].runs]

    def numbers(self) -> dict[str, Any]:
        """Steps to the tolerance, rates and gaps; one row an optimizer, one column a surface."""
        return {
            "surfaces": [each.surface.name for each in self.races],
            "optimizers": self.optimizers,
            "steps": self.races[0].steps,
            "tolerance": self.races[0].tolerance,
            "rates_from": self.races[0].rates_from,
            "reached": self._of("reached"),
            "lost": self._of("lost"),
            "rates": self._of("rate"),
            "gaps": [
                [race.runs[row].gaps[-1] for race in self.races]
                for row in range(len(self.optimizers))
            ],
        }

    def _of(self, attribute: str) -> list[list[Any]]:
        return [
            [getattr(race.runs[row], attribute) for race in self.races]
            for row in range(len(self.optimizers))
        ]

    def cells(self) -> list[list[str]]:
        """What the table says: steps, '-' for not arrived, 'lost' for diverged."""
        return [
            [
                "lost"
                if race.runs[row].lost is not None
                else "-"
                if race.runs[row].reached is None
                else str(race.runs[row].reached)
                for race in self.races
            ]
            for row in range(len(self.optimizers))
        ]

    def figure(self) -> Figure:
        """The table, coloured: the darker, the fewer steps."""
        cells, rows, columns = self.cells(), len(self.optimizers), len(self.races)
        steps = self.races[0].steps
        part = np.array(
            [
                [
                    np.nan if run.reached is None or run.lost is not None else run.reached / steps
                    for run in (race.runs[row] for race in self.races)
                ]
                for row in range(rows)
            ]
        )
        with slide():
            import matplotlib

            figure = new_figure(12.8, max(3.0, 1.9 + 0.335 * rows))
            axes = figure.add_axes((0.165, 0.09, 0.815, 0.77))
            colours = matplotlib.colormaps["Blues_r"]
            # Of a colour map only its newest versions hand out a copy with another colour.
            axes.set_facecolor("#f1f2f4")
            axes.imshow(part, cmap=colours, vmin=-0.1, vmax=1.1, aspect="auto")
            for row in range(rows):
                for column in range(columns):
                    dark = part[row, column] < 0.35
                    axes.text(
                        column,
                        row,
                        cells[row][column],
                        ha="center",
                        va="center",
                        color="white" if dark else INK,
                        fontsize=13,
                    )
            axes.set_yticks(range(rows), self.optimizers, fontsize=13, color=INK)
            axes.set_xticks(
                range(columns), [each.surface.name for each in self.races], fontsize=14, color=INK
            )
            axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
            for spine in axes.spines.values():
                spine.set_visible(False)
            figure.text(
                0.02,
                0.955,
                f"Steps until the gap stays within {100 * self.races[0].tolerance:g}% of that at "
                "the start; darker is sooner",
                fontsize=18,
                va="center",
            )
            figure.text(
                0.02,
                0.035,
                f"- not within {steps} steps; lost: diverged. Rates: {self.races[0].rates_from}.",
                fontsize=13,
                va="center",
            )
        return figure

    def save_gif(self, path: str | os.PathLike[str]) -> Path:
        """A table has nothing that moves.

        Raises:
            InputError: Always.
        """
        raise InputError(
            f"a table of all surfaces doesn't move, so there is no '{os.fspath(path)}': name one "
            "surface."
        )

    def __str__(self) -> str:
        # Every number brings its own blank; with one more the longest name makes 81 columns.
        width = max(len(each) for each in self.optimizers)
        # Eighty columns hold seven surfaces if their names are cut a little.
        heads = "".join(f"{each.surface.name[:8]:>9}" for each in self.races)
        lines = [
            f"Steps until the gap stays within {100 * self.races[0].tolerance:g}% of that at the "
            f"start ({self.races[0].steps} steps)",
            "",
            f"{'':<{width}}{heads}",
        ]
        for name, row in zip(self.optimizers, self.cells(), strict=True):
            lines.append(f"{name:<{width}}" + "".join(f"{each:>9}" for each in row))
        lines += [
            "",
            "- not within these steps; lost: diverged.",
            *textwrap.wrap(f"Rates: {self.races[0].rates_from}.", 80),
        ]
        return "\n".join(lines)
