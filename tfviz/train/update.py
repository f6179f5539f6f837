"""One update: a loss, the variables it is minimised over, and the optimizer that does it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import GradientError, InputError
from tfviz.train.accumulate import Computed, in_one, in_parts
from tfviz.train.average import WeightAverage
from tfviz.train.gradients import why_none
from tfviz.train.norms import clipped, global_norm, summed
from tfviz.train.precision import is_scaling, scale_of


@dataclass(frozen=True, eq=False)
class Update:
    """One of several updates that a training step makes, one after the other, on the same batch.

        updates=[
            tfviz.Update(judge_step, judge_optimizer, judge),
            tfviz.Update(forge_step, forge_optimizer, forge),
        ]

    Args:
        step: `step(batch) -> {"loss": ..., more scalars}`: runs the models and returns what is
            minimised, without `model.losses`, which are added.
        optimizer: A `keras.optimizers.Optimizer` of its own, or a name.
        variables: The model or layer whose weights it moves, or a list of variables.
        clip_norm: The most that the global norm of its gradients may be.
        name: Stands before its entries: 'judge_loss'. The function's own name by default, without
            '_step'.
    """

    step: Callable[[Any], Mapping[str, Any]]
    optimizer: Any
    variables: Any
    clip_norm: float | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not callable(self.step):
            raise InputError(
                f"step={self.step!r} must be a function, step(batch) -> {{'loss': ...}}."
            )
        if not self.name:
            own = getattr(self.step, "__name__", "update").removesuffix("_step")
            object.__setattr__(self, "name", own.strip("_<>") or "update")

    def trainable(self) -> list[Any]:
        """The variables it moves."""
        if isinstance(self.variables, keras.layers.Layer):
            return list(self.variables.trainable_variables)
        return list(self.variables)


class Updating:
    """Computes and applies one update inside a compiled step.

    Args:
        objective: What is minimised.
        optimizer: A Keras optimizer; built here.
        variables: What it moves.
        clip_norm: The most that the global norm may be.
        micro_batch_size: Samples at a time; None for the whole batch.
        average: Averages of the variables to advance.
        transform: `f(gradients, variables) -> gradients` before clipping.
    """

    def __init__(
        self,
        objective: Any,
        optimizer: Any,
        variables: Sequence[Any],
        *,
        clip_norm: float | None = None,
        micro_batch_size: int | None = None,
        average: WeightAverage | None = None,
        transform: Sequence[Callable[[list[Any], list[Any]], Any]] = (),
    ) -> None:
        if clip_norm is not None and not (
            isinstance(clip_norm, (int, float)) and 0 < clip_norm < float("inf")
        ):
            raise InputError(
                f"clip_norm={clip_norm!r} is the most that the norm of all gradients together may "
                f"be: a positive number such as 1.0."
            )
        whole = isinstance(micro_batch_size, int) and not isinstance(micro_batch_size, bool)
        if micro_batch_size is not None and not (whole and micro_batch_size > 0):
            raise InputError(
                f"micro_batch_size={micro_batch_size!r} is the number of samples that are in "
                f"memory at a time: a positive whole number."
            )
        self.objective = objective
        self.optimizer = optimizer
        self.variables = list(variables)
        self.clip_norm = clip_norm
        self.micro_batch_size = micro_batch_size
        self.average = average
        self.transform = list(transform)
        if not self.variables:
            raise InputError(
                "There is nothing to train: the model has no trainable variables. Set "
                "layer.trainable = True on the layers that shall learn."
            )
        if not optimizer.built:
            optimizer.build(self.variables)

    def compute(self, batch: Any) -> tuple[Computed, tf.Tensor, tf.Tensor]:
        """Loss and gradients, their norm (unscaled, before clipping), and whether all is finite."""
        scale = scale_of(self.optimizer)
        arguments = (
            self.objective.forward,
            batch,
            self.variables,
            scale,
            self._measure,
            self._check,
        )
        if self.micro_batch_size is None:
            found = in_one(*arguments)
        else:
            found = in_parts(*arguments, size=self.micro_batch_size)
        self.objective.track(batch, found.loss)
        # On several devices the gradients are summed over them here, before norm and clipping.
        gradients = [summed(each) for each in found.gradients]
        for change in self.transform:
            gradients = list(change(gradients, self.variables) or gradients)
        norm = global_norm(gradients)
        if scale is not None:
            norm = norm / scale
        finite = tf.math.is_finite(found.loss)
        finite_norm = tf.math.is_finite(norm)
        if scale is not None and is_scaling(self.optimizer):
            # Too high a scale is found by the optimizer, which skips the step and halves it. Below
            # 1 the gradients themselves overflow.
            finite_norm = finite_norm | (scale >= 1.0)
        if self.clip_norm is not None:
            gradients = self._clip(gradients, norm)
        return (
            Computed(found.loss, gradients, found.logs),
            norm,
            finite & finite_norm,
        )

    def _clip(self, gradients: list[Any], norm: tf.Tensor) -> list[Any]:
        assert self.clip_norm is not None
        # The factor is the same for scaled gradients. With an infinite norm it would be 0, and
        # 0 · inf hides the overflow from the optimizer that looks for it.
        safe = tf.where(tf.math.is_finite(norm), norm, tf.zeros_like(norm))
        return clipped(gradients, safe, tf.constant(self.clip_norm, tf.float32))

    def apply(self, computed: Computed) -> None:
        """Move the variables."""
        if self.average is None:
            self.optimizer.apply(computed.gradients, self.variables)
            return
        before = tf.identity(tf.convert_to_tensor(self.optimizer.iterations))
        self.optimizer.apply(computed.gradients, self.variables)
        self.average.update(tf.convert_to_tensor(self.optimizer.iterations) > before)

    def _measure(self, batch: Any, forward: Any) -> None:
        self.objective.measure(batch, forward)

    def _check(self, tape: tf.GradientTape, loss: tf.Tensor, gradients: list[Any]) -> None:
        missing = [v for v, g in zip(self.variables, gradients, strict=True) if g is None]
        if not missing:
            return
        sentence = why_none(missing, self.variables, loss)
        if len(missing) == len(self.variables):
            raise GradientError(sentence)
        warnings.warn(f"{sentence} They stay as they are.", stacklevel=2)
