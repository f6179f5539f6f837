"""The lesson that `landscape` gives: losses on a grid, what they mean, and a picture of them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.learn.lesson import Lesson

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 80
SHOWN = 9


@dataclass(frozen=True)
class Visit:
    """A place that the training came through.

    Attributes:
        at: Where it lies on the axes.
        loss: The loss it really had there, off the plane.
        off_plane: How far it lies from the plane, in the length of all weights together.
    """

    at: tuple[float, ...]
    loss: float
    off_plane: float


@dataclass(frozen=True, eq=False)
class Landscape(Lesson):
    """The loss on a line or a plane through a model's weights.

    Attributes:
        name: Names of files.
        model: The model's name.
        loss_name: What the loss is called.
        kind: 'random' or 'pca'.
        samples: How many samples it was computed on.
        parameters: How many trainable numbers the model has: the dimensions of the whole space.
        axes: The places along each axis.
        losses: (places of the first axis,), or (places of the second, places of the first).
        centre: The loss at the origin of the axes: the model's own weights, or the last given.
        visits: Where the training was, with 'pca'.
        explained: Which share of the variance each component explains, with 'pca'.
        batchnorm: 'stored', 'recompute', or 'none' for a model without batch normalisation.
        ignore: 'biasbn' where vectors stayed as they are.
        log: Whether the picture has a log scale.
        seed: Of random directions.
        lengths: The norm of each direction.
    """

    name: str
    model: str
    loss_name: str
    kind: str
    samples: int
    parameters: int
    axes: tuple[tuple[float, ...], ...]
    losses: np.ndarray
    centre: float
    visits: tuple[Visit, ...] = ()
    explained: tuple[float, ...] = ()
    batchnorm: str = "none"
    ignore: str = "none"
    log: bool = False
    seed: int | None = None
    lengths: tuple[float, ...] = ()

    @property
    def dimensions(self) -> int:
        """1 for a line, 2 for a plane."""
        return len(self.axes)

    @property
    def lowest(self) -> tuple[tuple[float, ...], float] | None:
        """Where on the grid the loss is smallest, and the loss there; None where none is finite."""
        finite = np.where(np.isfinite(self.losses), self.losses, np.inf)
        if not np.isfinite(finite).any():
            return None
        index = np.unravel_index(int(np.argmin(finite)), finite.shape)
        at = tuple(self.axes[i][int(place)] for i, place in enumerate(reversed(index)))
        return at, float(finite[index])

    @property
    def lowest_on_rim(self) -> bool:
        """Whether the lowest point lies where the grid ends, so that it may be no valley's."""
        lowest = self.lowest
        if lowest is None or float(np.ptp(self.losses[np.isfinite(self.losses)])) == 0:
            return False
        return any(at in (axis[0], axis[-1]) for at, axis in zip(lowest[0], self.axes, strict=True))

    def numbers(self) -> dict[str, Any]:
        """The grid, and all that is drawn on it."""
        lowest = self.lowest
        finite = self.losses[np.isfinite(self.losses)]
        return {
            "model": self.model,
            "loss_name": self.loss_name,
            "directions": self.kind,
            "samples": self.samples,
            "parameters": self.parameters,
            "axes": self.axes,
            "losses": self.losses,
            "centre": self.centre,
            "lowest": None if lowest is None else {"at": lowest[0], "loss": lowest[1]},
            "lowest_on_rim": self.lowest_on_rim,
            "highest": float(finite.max()) if finite.size else None,
            "not_finite": int(self.losses.size - finite.size),
            "trajectory": self.visits,
            "explained_variance": self.explained,
            "batchnorm": self.batchnorm,
            "ignore": self.ignore,
            "log": self.log,
            "seed": self.seed,
            "lengths": self.lengths,
        }

    def figure(self) -> Figure:
        """The plane as contours with a cut along each axis, or the line as a curve."""
        from tfviz.learn.landscapes.picture import line, plane

        return line(self) if self.dimensions == 1 else plane(self)

    def caveats(self) -> list[str]:
        """What must be known to read the picture rightly, in sentences."""
        shown = "line" if self.dimensions == 1 else "plane"
        told = [f"A {shown} through {self.parameters:,} dimensions: a slice, not the space."]
        if self.kind == "pca":
            share = sum(self.explained[: self.dimensions])
            told.append(
                f"It holds {share:.1%} of the variance of {len(self.visits)} sets of weights, "
                f"which are projected onto it."
            )
        else:
            moved = (
                "biases and batch-norm vectors fixed" if self.ignore == "biasbn" else "all moved"
            )
            told.append(f"Random, filter-normalised ({moved}), seed {self.seed}.")
        if self.batchnorm == "stored":
            told.append("Batch norm: the statistics the model has stored.")
        elif self.batchnorm == "recompute":
            told.append("Batch norm: statistics measured anew at each point.")
        return told

    def __str__(self) -> str:
        lines = [
            f"Loss of '{self.model}' ({self.loss_name}) on {self.samples} samples",
            f"{' x '.join(str(len(each)) for each in self.axes)} points, "
            f"{'along the training' if self.kind == 'pca' else 'along random directions'}",
            "",
        ]
        for i, axis in enumerate(self.axes):
            places = np.unique(np.linspace(0, len(axis) - 1, SHOWN).round().astype(int))
            cut = self.cut(i)
            lines.append(_row(f"axis {i + 1}", [axis[p] for p in places]))
            lines.append(_row("loss", [cut[p] for p in places]))
        lines += ["", f"{'centre':<11}{self.centre:.6g}"]
        lowest = self.lowest
        if lowest is None:
            lines.append("lowest     no point of the grid has a finite loss")
        else:
            at = ", ".join(f"{each:.3g}" for each in lowest[0])
            rim = ", on the rim: it may go on down outside" if self.lowest_on_rim else ""
            lines.append(f"{'lowest':<11}{lowest[1]:.6g} at ({at}){rim}")
        bad = int(np.size(self.losses) - np.isfinite(self.losses).sum())
        if bad:
            lines.append(f"{'not finite':<11}{bad} of {self.losses.size} points")
        if self.explained:
            shares = ", ".join(f"{each:.1%}" for each in self.explained[:4])
            lines.append(f"{'variance':<11}{shares} by component")
        lines += ["", *textwrap.wrap(" ".join(self.caveats()), WIDTH)]
        return "\n".join(lines)

    def cut(self, axis: int) -> np.ndarray:
        """The losses along one axis, through the point of the grid that is nearest to the centre.

        Args:
            axis: 0 or 1.
        """
        if self.dimensions == 1:
            return self.losses
        nearest = [int(np.argmin(np.abs(each))) for each in self.axes]
        return self.losses[nearest[1]] if axis == 0 else self.losses[:, nearest[0]]


def _row(name: str, values: list[float]) -> str:
    return f"{name:<8}" + "".join(f"{_short(each):>8}" for each in values)


def _short(value: float) -> str:
    text = f"{value:.3g}"
    return text if len(text) <= 7 else f"{value:.0e}"
