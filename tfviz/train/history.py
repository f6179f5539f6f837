"""What a training run was: its epochs, its steps, how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.draw.figure import new_figure, plain
from tfviz.errors import InputError, nearest
from tfviz.files.atomic import writing


@dataclass(frozen=True, eq=False)
class History:
    """The numbers of a training run, and how it ended.

    Attributes:
        epochs: For each name ('loss', 'accuracy', 'val_loss', ...) one value an epoch, as `fit`
            has them in `history.history`.
        steps: 'loss' and 'grad_norm' (before clipping) of every step, and what a step of one's own
            returned: float64 arrays.
        first_epoch: The number of the first epoch here; above 0 where the run was resumed.
        first_step: How many steps were made before the first one here.
        seconds: How long it took.
        traces: How often the step was compiled.
        nonfinite: A sentence for each step that was skipped or recorded.
        stopped: Why it ended before its last epoch; '' when it didn't.
    """

    epochs: dict[str, list[float]] = field(default_factory=dict)
    steps: dict[str, np.ndarray] = field(default_factory=dict)
    first_epoch: int = 0
    first_step: int = 0
    seconds: float = 0.0
    traces: int = 0
    nonfinite: tuple[str, ...] = ()
    stopped: str = ""

    def __repr__(self) -> str:
        count = max(map(len, self.epochs.values()), default=0)
        last = ", ".join(
            f"{name} {values[-1]:.4g}" for name, values in self.epochs.items() if values
        )
        return f"History({count} epochs, {len(self.steps.get('loss', ()))} steps; last: {last})"

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return {
            "epochs": {name: [float(v) for v in values] for name, values in self.epochs.items()},
            "steps": {name: values.tolist() for name, values in self.steps.items()},
            "first_epoch": self.first_epoch,
            "first_step": self.first_step,
            "seconds": self.seconds,
            "traces": self.traces,
            "nonfinite": list(self.nonfinite),
            "stopped": self.stopped,
        }

    def plot(self, names: list[str] | None = None, *, path: str | Path | None = None) -> Any:
        """Draw the curves: training and validation of each number together, steps behind.

        Args:
            names: Which numbers; all by default, without 'val_'.
            path: Where to write it: .png, .svg or .pdf.

        Returns:
            A matplotlib `Figure`, which a notebook shows; pyplot knows nothing of it.

        Raises:
            InputError: When there is no such number, or nothing was trained.
        """
        known = [each for each in self.epochs if not each.startswith("val_")]
        wanted = names or known
        if not wanted:
            raise InputError("There is nothing to draw: no epoch was finished.")
        for each in wanted:
            if each not in known:
                raise InputError(
                    f"The history has no '{each}'.{nearest(each, known)} It has {', '.join(known)}."
                )
        columns = min(3, len(wanted))
        rows = -(-len(wanted) // columns)
        figure = new_figure(5.0 * columns, 3.4 * rows)
        figure.set_layout_engine("constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for axis, name in zip(axes, wanted, strict=False):
            self._draw(axis, name)
        for axis in axes[len(wanted) :]:
            axis.set_axis_off()
        if path is not None:
            with writing(path) as temporary:
                figure.savefig(temporary, dpi=150)
        return figure

    def _draw(self, axis: Any, name: str) -> None:
        from matplotlib.ticker import MaxNLocator

        values = self.epochs[name]
        ends = self.first_epoch + 1 + np.arange(len(values))
        each_step = self.steps.get(name)
        if each_step is not None and len(each_step) > len(values) > 0:
            places = self.first_epoch + np.linspace(0, len(values), len(each_step) + 1)[1:]
            axis.plot(places, each_step, color="#bbbbbb", linewidth=0.6, label="each step")
        marker = "o" if len(values) < 30 else None
        # Okabe and Ito's blue and vermillion, which colour-blind eyes tell apart.
        axis.plot(ends, values, color="#0072b2", marker=marker, markersize=3, label="training")
        checked = self.epochs.get(f"val_{name}")
        if checked:
            at = ends[-len(checked) :]
            axis.plot(at, checked, color="#d55e00", marker=marker, markersize=3, label="validation")
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_title(plain(name), loc="left", fontsize=11)
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8)
