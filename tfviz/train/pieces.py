"""`train_step`: the compiled step for who keeps the `for` loop."""

from __future__ import annotations

import time
import warnings
from typing import Any

from tfviz.errors import TrainingError
from tfviz.train.assembling import Options, parts_of, step_of
from tfviz.train.average import WeightAverage
from tfviz.train.checks import check_batch
from tfviz.train.events import Events
from tfviz.train.report import raise_nonfinite, report_on
from tfviz.train.step import Step

# How often the guard is asked. Its latch keeps the first bad step until then.
SECONDS_BETWEEN_LOOKS = 0.1


def train_step(
    model: Any,
    loss: Any = None,
    optimizer: Any = None,
    metrics: Any = None,
    *,
    step: Any = None,
    clip_norm: float | None = None,
    micro_batch_size: int | None = None,
    average: float | None = None,
    precision: str | None = None,
    on_nonfinite: str = "raise",
) -> TrainStep:
    """A compiled training step for a loop of one's own.

        step = tfviz.train_step(model, "sparse_categorical_crossentropy", "adam", ["accuracy"])
        for epoch in range(5):
            for batch in dataset:
                logs = step(batch)
            print(step.results())
            step.reset()

    The arguments are those of `tfviz.Trainer`.

    Args:
        model: A `keras.Model`.
        loss: As in `model.compile`.
        optimizer: A `keras.optimizers.Optimizer` or its name.
        metrics: As in `model.compile`.
        step: In place of `loss`, a function `step(batch) -> {"loss": ..., more scalars}`.
        clip_norm: The most that the norm of all gradients together may be.
        micro_batch_size: Samples in memory at a time.
        average: Momentum of an average of the weights.
        precision: 'mixed_float16' or 'mixed_bfloat16'.
        on_nonfinite: 'raise', 'skip' or 'record'.

    Raises:
        InputError: When an argument isn't what it should be.
    """
    options = Options(clip_norm, micro_batch_size, average, precision, on_nonfinite)
    parts = parts_of(
        model,
        loss=loss,
        optimizer=optimizer,
        metrics=metrics,
        weighted_metrics=None,
        loss_weights=None,
        step=step,
        updates=None,
        options=options,
    )
    return TrainStep(model, parts, options)


class TrainStep:
    """A compiled training step, made by `train_step`; called with a batch.

    Attributes:
        optimizer: The optimizer; in a `LossScaleOptimizer` where float16 needs one.
        average: The `WeightAverage`, after the first step; None where none was asked for.
        report: On the last step that was skipped or recorded; None while there was none.
    """

    def __init__(self, model: Any, parts: Any, options: Options) -> None:
        self.model = model
        self.optimizer = parts[0].optimizer
        self.average: WeightAverage | None = None
        self.report: Any = None
        self._part = parts[0]
        self._options = options
        self._step: Step | None = None
        self._looked = time.perf_counter()

    def __call__(self, batch: Any) -> dict[str, Any]:
        """Make one training step.

        Args:
            batch: `x`, `(x, y)` or `(x, y, sample_weight)`: tensors or arrays.

        Returns:
            Scalar tensors, nothing of which was fetched: 'loss', 'grad_norm' (before clipping),
            'finite', and what a step of one's own returned.

        Raises:
            InputError: When the first batch can't be right for the loss.
            TrainingError: When a loss or gradient was not finite; up to a tenth of a second after
                that step, and nothing has changed since.
        """
        step = self._step or self._build(batch)
        logs = step(batch)
        now = time.perf_counter()
        if now - self._looked > SECONDS_BETWEEN_LOOKS:
            self._looked = now
            self.look()
        return logs

    def _build(self, batch: Any) -> Step:
        check_batch(batch, self._part.objective, finite=self._options.on_nonfinite == "raise")
        self._part.objective.build(batch)
        self._step, self.average = step_of(self.model, [self._part], self._options, Events())
        return self._step

    def look(self) -> Any:
        """Ask the guard now; also done at `results`, and ten times a second by steps.

        A step that was skipped or recorded is warned of.

        Returns:
            The report of the first step since the last look that wasn't finite; None when all was.

        Raises:
            TrainingError: With `on_nonfinite='raise'`.
        """
        latched = (
            None if self._step is None or self._step.guard is None else self._step.guard.look()
        )
        if latched is None or self._step is None:
            return None
        sentence, self.report = report_on(self._step, latched)
        if self._options.on_nonfinite == "raise":
            raise_nonfinite(sentence, self.report)
        warnings.warn(sentence, stacklevel=2)
        return self.report

    def results(self) -> dict[str, float]:
        """Loss and metrics since the last reset, as numbers."""
        self.look()
        return self._made().results()

    def reset(self) -> None:
        """Start measuring anew."""
        self._made().reset()

    def measure(self, batch: Any) -> None:
        """Update loss and metrics with a batch that is not trained on."""
        self._made().measure(batch)

    @property
    def traces(self) -> int:
        """How often the step was compiled: once for each set of shapes and dtypes."""
        return 0 if self._step is None else self._step.traces.count

    @property
    def changes(self) -> tuple[str, ...]:
        """For each time it was compiled again, which argument had changed."""
        return () if self._step is None else tuple(self._step.traces.changes)

    def _made(self) -> Step:
        if self._step is None:
            raise TrainingError("No step was made yet: call step(batch) first.")
        return self._step
