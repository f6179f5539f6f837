"""What is said when a loss or gradient isn't finite: which step, and which layer first."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import tensorflow as tf

from tfviz.errors import TrainingError
from tfviz.probe.nonfinite import first_nonfinite
from tfviz.train.guard import Latched
from tfviz.train.precision import computing_in
from tfviz.train.step import Step


def report_on(step: Step, latched: Latched) -> tuple[str, Any]:
    """The sentence, and the report of the first layer with a value that isn't finite.

    Args:
        step: The step in which it happened; its model is run again on the batch.
        latched: What the guard has kept.
    """

    def forward(batch: Any) -> dict[str, tf.Tensor]:
        losses = [each.objective.forward(batch).loss for each in step.updates.values()]
        return {"loss": tf.add_n(losses)}

    variables = [v for each in step.updates.values() for v in each.variables]
    # A step of one's own updates its metrics whenever it runs.
    metrics = [each for update in step.updates.values() for each in update.objective.metrics]
    kept = [(v, tf.identity(v.value)) for each in metrics for v in each.variables]
    with computing_in(step.model, step.precision):
        found = first_nonfinite(
            step.model,
            forward,
            latched.batch,
            variables=variables,
            restore=[*latched.seeds, *kept],
        )
    if hasattr(found, "step"):
        found = dataclasses.replace(found, step=latched.step)
    bad_loss = not math.isfinite(latched.loss)
    what = f"The loss is {latched.loss}" if bad_loss else "The gradients are not finite"
    more = f" ({latched.count} steps since the last look)" if latched.count > 1 else ""
    ends = {
        "raise": "That step changed nothing: weights, optimizer and metrics are as before it.",
        "skip": "That step was skipped.",
        "record": "The step was made all the same (on_nonfinite='record').",
    }[step.guard.policy if step.guard is not None else "raise"]
    if step.guard is not None and step.guard.policy == "raise":
        more = ""
    return f"{what} at step {latched.step + 1}{more}. {found.sentence} {ends}", found


def raise_nonfinite(sentence: str, report: Any) -> None:
    """Raise with the report.

    Raises:
        TrainingError: Always.
    """
    error = TrainingError(sentence)
    error.report = report
    raise error
