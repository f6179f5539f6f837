"""Puts a step together from what a person gives: model, loss, optimizer, options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from tfviz.errors import InputError, ModelError, nearest
from tfviz.model.backend import require_keras_model
from tfviz.train.average import WeightAverage
from tfviz.train.events import Events
from tfviz.train.guard import require_policy as require_nonfinite
from tfviz.train.objective import Judge, Objective, StepObjective
from tfviz.train.precision import require_policy as require_precision
from tfviz.train.precision import scaling
from tfviz.train.step import Step
from tfviz.train.update import Update, Updating


@dataclass(frozen=True, eq=False)
class Part:
    """One update before it is built.

    Attributes:
        name: '' where it is the only one.
        objective: What is minimised.
        optimizer: The optimizer.
        variables: Whose trainable variables it moves: a model or layer, or an `Update`.
        clip_norm: The most that the global norm may be.
    """

    name: str
    objective: Any
    optimizer: Any
    variables: Any
    clip_norm: float | None

    def trainable(self) -> list[Any]:
        """The variables it moves now."""
        if isinstance(self.variables, Update):
            return self.variables.trainable()
        return list(self.variables.trainable_variables)


@dataclass(frozen=True)
class Options:
    """How steps are made; see `Trainer`."""

    clip_norm: float | None = None
    micro_batch_size: int | None = None
    average: float | None = None
    precision: str | None = None
    on_nonfinite: str = "raise"
    steps_per_call: int | None = None

    def __post_init__(self) -> None:
        require_nonfinite(self.on_nonfinite)
        require_precision(self.precision)
        count = self.steps_per_call
        if count is not None and (
            isinstance(count, bool) or not isinstance(count, int) or count < 1
        ):
            raise InputError(
                f"steps_per_call={count!r} is how many steps one compiled call makes: a positive "
                f"whole number, or None to find out."
            )


def _require_losses(loss: Any) -> None:
    """Refuse names that Keras doesn't know, before any data is read."""
    for each in keras.tree.flatten(loss):
        if isinstance(each, str):
            try:
                keras.losses.get(each)
            except ValueError as error:
                known = [name for name in dir(keras.losses) if name[0] != "_"]
                raise InputError(
                    f"loss={each!r} is no loss of Keras.{nearest(each, known)}"
                ) from error


def optimizer_of(given: Any) -> Any:
    """A Keras optimizer from itself or its name.

    Raises:
        InputError: When it is none.
    """
    if given is None:
        raise InputError(
            "optimizer= is missing: pass a keras.optimizers.Optimizer or its name, 'adam'."
        )
    if isinstance(given, keras.optimizers.Optimizer):
        return given
    if isinstance(given, str):
        try:
            return keras.optimizers.get(given)
        except ValueError as error:
            known = [each for each in dir(keras.optimizers) if each[0].isupper()]
            raise InputError(
                f"optimizer={given!r} is no optimizer of Keras.{nearest(given, known)}"
            ) from error
    raise InputError(
        f"optimizer= must be a keras.optimizers.Optimizer or its name; {type(given).__name__} was "
        f"given."
    )


def parts_of(
    model: Any,
    *,
    loss: Any,
    optimizer: Any,
    metrics: Any,
    weighted_metrics: Any,
    loss_weights: Any,
    step: Any,
    updates: Sequence[Update] | None,
    options: Options,
) -> list[Part]:
    """The updates of a model that isn't compiled.

    Raises:
        InputError: When what is given doesn't go together.
    """
    require_keras_model(model)
    given = [name for name, each in (("loss", loss), ("step", step), ("updates", updates)) if each]
    if len(given) > 1:
        raise InputError(
            f"{' and '.join(f'{name}=' for name in given)} were given, and each says by itself "
            f"what is minimised: pass one of them."
        )
    if updates:
        if optimizer is not None:
            raise InputError("optimizer= was given beside updates=, each of which has its own.")
        return _several(model, updates, metrics, options)
    own = scaling(optimizer_of(optimizer), options.precision)
    if step is not None:
        objective: Any = StepObjective(_function(step), model, _metric_objects(metrics))
    else:
        _require_losses(loss)
        judge = Judge(
            getattr(model, "output_names", None),
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
        )
        objective = Objective(model, judge, loss)
    return [Part("", objective, own, model, options.clip_norm)]


def _several(model: Any, updates: Sequence[Update], metrics: Any, options: Options) -> list[Part]:
    found: list[Part] = []
    for each in updates:
        if not isinstance(each, Update):
            raise InputError(
                f"updates= holds {each!r}: each is a tfviz.Update(step, optimizer, variables)."
            )
        first = not found
        objective = StepObjective(each.step, model, _metric_objects(metrics) if first else ())
        optimizer = scaling(optimizer_of(each.optimizer), options.precision)
        clip = options.clip_norm if each.clip_norm is None else each.clip_norm
        found.append(Part(each.name, objective, optimizer, each, clip))
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise InputError(f"updates= have the names {', '.join(names)}: give each its own name=.")
    if len({id(each.optimizer) for each in found}) < len(found):
        raise InputError(
            "updates= share an optimizer, whose state belongs to one set of variables: make one "
            "for each."
        )
    return [*found] if len(found) > 1 else [Part("", *_rest(found[0]))]


def _rest(part: Part) -> tuple[Any, Any, Any, float | None]:
    return part.objective, part.optimizer, part.variables, part.clip_norm


def compiled_part(model: Any, options: Options) -> Part:
    """The update of a compiled model.

    Raises:
        ModelError: When it isn't compiled, or has a training step of its own.
    """
    require_keras_model(model)
    if not model.compiled or getattr(model, "optimizer", None) is None:
        raise ModelError(
            f"Model '{model.name}' is not compiled: call model.compile(optimizer, loss) first, or "
            f"pass them to Trainer(model, loss, optimizer)."
        )
    if type(model).train_step is not keras.Model.train_step:
        raise ModelError(
            f"Model '{model.name}' ({type(model).__name__}) has a train_step of its own, which "
            f"applies its gradients itself: make it a function that returns {{'loss': ...}} and "
            f"pass it as Trainer(model, step=..., optimizer=...)."
        )
    optimizer = scaling(model.optimizer, options.precision)
    return Part("", Objective(model, model, model.loss), optimizer, model, options.clip_norm)


def _function(step: Any) -> Any:
    if not callable(step):
        raise InputError(f"step={step!r} must be a function, step(batch) -> {{'loss': ...}}.")
    return step


def _metric_objects(metrics: Any) -> list[Any]:
    listed = [] if metrics is None else keras.tree.flatten(metrics)
    for each in listed:
        if not isinstance(each, keras.metrics.Metric):
            raise InputError(
                f"metrics= holds {each!r}: with a step of one's own these are metric objects that "
                f"the step updates (keras.metrics.Mean()); the trainer reads and resets them."
            )
    return listed


def step_of(
    model: Any,
    parts: Sequence[Part],
    options: Options,
    events: Events,
    average: WeightAverage | None = None,
) -> tuple[Step, WeightAverage | None]:
    """Build the variables and put the step together.

    Args:
        model: The model; built.
        parts: The updates.
        options: How steps are made.
        events: Functions to trace into the step.
        average: An average of the weights to go on with.
    """
    everything = [v for each in parts for v in each.trainable()]
    if options.average is not None and average is None:
        average = WeightAverage(everything, options.average)
    updates: dict[str, Updating] = {}
    for i, each in enumerate(parts):
        updates[each.name] = Updating(
            each.objective,
            each.optimizer,
            each.trainable(),
            clip_norm=each.clip_norm,
            micro_batch_size=options.micro_batch_size,
            # Advanced once, behind the last update.
            average=average if i == len(parts) - 1 else None,
            transform=events.of("gradients"),
        )
    step = Step(
        model,
        updates,
        policy=options.on_nonfinite,
        precision=options.precision,
        extra=[_mapping(each) for each in events.of("updated")],
    )
    return step, average


def _mapping(function: Any) -> Any:
    def call(scope: Mapping[str, Any]) -> Mapping[str, Any]:
        return function(scope) or {}

    return call
