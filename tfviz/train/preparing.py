"""A step, built on the first batch, together with its data and everything that it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfviz.errors import InputError, TrainingError
from tfviz.train.assembling import Options, Part, step_of
from tfviz.train.average import WeightAverage
from tfviz.train.batches import ClassWeights
from tfviz.train.events import Events
from tfviz.train.objective import StepObjective
from tfviz.train.state import TrainState
from tfviz.train.step import Step
from tfviz.train.stream import Stream


@dataclass(frozen=True, eq=False)
class Prepared:
    """A trainer ready to make steps.

    Attributes:
        step: `step(batch)` makes one.
        stream: The data; its first batch was taken and is still to be trained on.
        state: Everything that a step changes.
    """

    step: Step
    stream: Stream
    state: TrainState


class Preparation:
    """Builds the step of a trainer once, and again only where it has to be traced anew.

    Args:
        model: The model.
        parts: What each step does.
        options: How.

    Attributes:
        step: The step; None before the first data came.
        average: The average of the weights, where one was asked for.
    """

    def __init__(self, model: Any, parts: Sequence[Part], options: Options) -> None:
        self.model = model
        self.parts = list(parts)
        self.options = options
        self.step: Step | None = None
        self.average: WeightAverage | None = None
        self._built_for: Any = None

    def prepare(
        self, stream: Stream, events: Events, class_weight: Mapping[int, float] | None
    ) -> Prepared:
        """Build what isn't built yet.

        Args:
            stream: The data, started.
            events: Functions to trace into the step.
            class_weight: `{class index: weight}`.

        Raises:
            InputError: When class weights are given for a loss that can't take them.
            TrainingError: When other variables are trainable than before.
        """
        now = ([events.of("gradients"), events.of("updated")], dict(class_weight or {}))
        step = self.step
        if step is not None:
            self._require_same_variables(step)
        if step is None or now != self._built_for:
            weights = None if class_weight is None else ClassWeights(class_weight)
            for part in self.parts:
                if weights is not None and isinstance(part.objective, StepObjective):
                    raise InputError(
                        "class_weight= weighs the loss that the trainer computes, and this one "
                        "comes from a step of its own: weigh the samples there."
                    )
                part.objective.class_weights = weights
                part.objective.build(stream.waiting)
            made, self.average = step_of(self.model, self.parts, self.options, events, self.average)
            if step is not None:
                made.steps = step.steps
            step = self.step = made
            self._built_for = now
        return Prepared(step, stream, self._state(step, stream))

    def _require_same_variables(self, step: Step) -> None:
        before = [[id(v) for v in each.variables] for each in step.updates.values()]
        if [[id(v) for v in part.trainable()] for part in self.parts] != before:
            raise TrainingError(
                "Other variables are trainable than when this trainer began (layer.trainable was "
                "changed), and its optimizer has no state for them: make a new Trainer with a new "
                "optimizer for this phase."
            )

    def _state(self, step: Step, stream: Stream) -> TrainState:
        more: dict[str, Any] = {"steps": step.steps}
        if self.average is not None:
            more["average"] = [*self.average.averages, self.average.steps]
        metrics = [each for part in self.parts for each in part.objective.metrics]
        return TrainState.of(
            model=self.model,
            optimizers=[part.optimizer for part in self.parts],
            metrics={id(each): each for each in metrics}.values(),
            iterator=stream,
            more=more,
            about={
                "precision": self.options.precision,
                "batch": str(stream.element_spec),
                "steps in an epoch": stream.steps,
            },
        )
