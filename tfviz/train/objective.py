"""What is minimised and measured: from a loss, a compiled model, or a function of one's own.

An objective turns a batch into a loss. The loss of the model's outputs and the metrics are Keras's
own, so that they mean here what they mean in `fit`; `model.losses` (regularizers, `add_loss`) are
always added.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError, ModelError
from tfviz.train.batches import ClassWeights, part_of, size_of, unpack, weighted

# Enough to see that outputs are no probabilities, few enough to cost nothing.
SAMPLES = 8
_MEANS = ("sum_over_batch_size", "mean")


@dataclass(frozen=True, eq=False)
class Forward:
    """What a forward pass over a batch, or a part of it, gave.

    Attributes:
        loss: A scalar, with `model.losses`.
        weight: What the loss was divided by, up to a factor: its share in the mean over several
            parts; None where parts are summed.
        logs: More scalars, by name.
        predictions: The model's outputs; None for a function of one's own.
    """

    loss: tf.Tensor
    weight: tf.Tensor | None
    logs: dict[str, tf.Tensor] = field(default_factory=dict)
    predictions: Any = None


class Judge(keras.Model):
    """Holds a loss and metrics as Keras compiles them, and leaves the user's model uncompiled."""

    def __init__(self, output_names: Any, **compiled: Any) -> None:
        super().__init__()
        if output_names is not None:
            self.output_names = output_names
        self.compile(optimizer=None, **compiled)

    def call(self, inputs: Any) -> Any:
        """Nothing: a judge is never run."""
        return inputs


class Objective:
    """The loss of a model's outputs against labels.

    Args:
        model: The model.
        judge: A compiled `keras.Model` that computes loss and metrics: the model itself, or a
            `Judge`.
        losses: What was given as loss, to know how it is averaged.
    """

    def __init__(self, model: Any, judge: Any, losses: Any) -> None:
        self.model = model
        self.judge = judge
        self.losses = losses
        self.class_weights: ClassWeights | None = None
        self.tracker = keras.metrics.Mean(name="loss")
        self._reductions = {_reduction(each) for each in keras.tree.flatten(losses) if each}
        self._example: Any = None
        self._takes_training = _takes(model.call, "training")
        self._judge_takes_training = _takes(judge.compute_loss, "training")

    @property
    def metrics(self) -> list[Any]:
        """All metrics, whose variables are states of the training run."""
        own = [] if self.judge is self.model or self.model.compiled else self.model.metrics
        return [self.tracker, *self.judge.metrics, *own]

    def forward(self, batch: Any, training: bool = True, share: tf.Tensor | None = None) -> Forward:
        """Run the model on a batch and compute the loss.

        Args:
            batch: `x`, `(x, y)` or `(x, y, sample_weight)`.
            training: As the layers see it.
            share: Which share of the whole batch this part is; None for all of it.
        """
        x, y, sample_weight = weighted(batch, self.class_weights if training else None)
        predictions = self.predict(x, training)
        loss = self._data_loss(x, y, predictions, sample_weight, training)
        extra = self._extra(loss)
        summed = self._reductions == {"sum"}
        if loss is None:
            loss = extra
        elif self.judge is not self.model and extra is not None:
            loss = loss + extra
        loss = _scalar(loss)
        if share is not None:
            self._require_divisible(batch, predictions)
        if summed and share is not None and extra is not None:
            # A sum over parts would count what belongs to no sample once for each part.
            loss = loss - extra * (1.0 - tf.cast(share, loss.dtype))
        weight = self._weight(batch, predictions, sample_weight) if not summed else None
        return Forward(loss, weight, {}, predictions)

    def predict(self, x: Any, training: bool) -> Any:
        """The model's outputs."""
        return self.model(x, training=training) if self._takes_training else self.model(x)

    def measure(self, batch: Any, forward: Forward, training: bool = True) -> None:
        """Update metrics with a forward pass."""
        x, y, sample_weight = weighted(batch, self.class_weights if training else None)
        self.judge.compute_metrics(x, y, forward.predictions, sample_weight)

    def track(self, batch: Any, loss: tf.Tensor) -> None:
        """Update the mean loss with that of a whole batch."""
        self.tracker.update_state(loss, sample_weight=size_of(batch))

    def results(self) -> dict[str, Any]:
        """The loss and every metric over what was measured since the last reset."""
        found = {"loss": self.tracker.result()}
        for each in self.metrics:
            if each is self.tracker:
                continue
            result = each.result()
            named = result if isinstance(result, dict) else {each.name: result}
            for name, value in named.items():
                found.setdefault(name, value)
        return found

    def reset(self) -> None:
        """Start measuring anew."""
        for each in self.metrics:
            each.reset_state()

    def build(self, batch: Any) -> None:
        """Make the variables of the metrics, which Keras does when it first sees labels.

        Args:
            batch: A batch of the real data; a few samples of it are looked at.
        """
        few = part_of(batch, tf.zeros((), tf.int32), tf.constant(SAMPLES))
        x, y, sample_weight = weighted(few, self.class_weights)
        if y is None:
            return
        predictions = self.example(batch)
        if self.losses is not None:
            self._data_loss(x, y, predictions, sample_weight, False)
        self.judge.compute_metrics(x, y, predictions, sample_weight)
        self.reset()

    def example(self, batch: Any) -> Any:
        """Predictions for a few samples, those of the first batch that it was asked for."""
        if self._example is None:
            x = unpack(part_of(batch, tf.zeros((), tf.int32), tf.constant(SAMPLES)))[0]
            self._example = self.predict(x, False)
        return self._example

    def _data_loss(
        self, x: Any, y: Any, predictions: Any, sample_weight: Any, training: bool
    ) -> tf.Tensor | None:
        if self.losses is None and self.judge is not self.model:
            return None
        given = {"training": training} if self._judge_takes_training else {}
        return self.judge.compute_loss(
            x=x, y=y, y_pred=predictions, sample_weight=sample_weight, **given
        )

    def _extra(self, loss: Any) -> tf.Tensor | None:
        """The sum of `model.losses`."""
        found = extra_losses(self.model)
        if found is None and loss is None:
            raise ModelError(
                f"There is nothing to minimise: loss= is None, and model '{self.model.name}' adds "
                f"no loss of its own (add_loss, a regularizer). Pass loss=."
            )
        return found

    def _weight(self, batch: Any, predictions: Any, sample_weight: Any) -> tf.Tensor:
        """What the mean over the batch was divided by."""
        count = tf.cast(size_of(batch), tf.float32)
        outputs = tf.nest.flatten(predictions)
        # How Keras passes a mask on; read by attribute in all of Keras 3.
        masks = [getattr(each, "_keras_mask", None) for each in outputs]
        masked = [each for each in masks if each is not None]
        by_weight = "mean_with_sample_weight" in self._reductions
        if len(outputs) == 1 and masked:
            valid = tf.cast(masked[0], tf.float32)
            if by_weight and sample_weight is not None:
                weights = tf.cast(tf.nest.flatten(sample_weight)[0], tf.float32)
                while weights.shape.rank < valid.shape.rank:
                    weights = weights[..., None]
                valid *= weights
            return tf.reduce_sum(valid)
        if by_weight and sample_weight is not None:
            return tf.reduce_sum(tf.cast(tf.nest.flatten(sample_weight)[0], tf.float32))
        return count

    def _require_divisible(self, batch: Any, predictions: Any) -> None:
        """Refuse losses whose mean over a batch can't be put together from parts.

        Raises:
            InputError: With what stands against it.
        """
        kinds = {"mean" if each in _MEANS else each for each in self._reductions}
        outputs = tf.nest.flatten(predictions)
        masked = any(getattr(each, "_keras_mask", None) is not None for each in outputs)
        weights = weighted(batch, self.class_weights)[2] is not None
        reason = ""
        if len(kinds) > 1:
            reason = f"the losses are reduced in different ways ({', '.join(sorted(kinds))})"
        elif len(outputs) > 1 and masked:
            reason = "one of several outputs is masked, so that each loss counts other samples"
        elif len(outputs) > 1 and weights and kinds == {"mean_with_sample_weight"}:
            reason = "several outputs divide by their own sample weights"
        if reason:
            raise InputError(
                f"micro_batch_size= can't give the loss of the whole batch here: {reason}. Give "
                f"all losses reduction='sum_over_batch_size', or leave micro_batch_size= away."
            )


class StepObjective:
    """The loss of a function of one's own: `step(batch) -> {"loss": ..., ...}`.

    Args:
        step: Runs the model(s) on a batch with `training=True` and returns scalars; 'loss' is what
            is minimised, without `model.losses`, which are added here. One that shall also serve
            for validation is `step(batch, training)`.
        model: Whose losses and metrics count.
        metrics: Keras metrics that the step updates; read and reset here.
    """

    losses = None

    def __init__(
        self, step: Callable[[Any], Mapping[str, Any]], model: Any, metrics: Sequence[Any] = ()
    ) -> None:
        self.step = step
        self.model = model
        self.given = list(metrics)
        self.class_weights: ClassWeights | None = None
        self.tracker = keras.metrics.Mean(name="loss")
        self._means: dict[str, Any] = {}
        self._takes_training = _takes(step, "training")

    @property
    def metrics(self) -> list[Any]:
        """All metrics, whose variables are states of the training run."""
        own = [] if self.model.compiled else self.model.metrics
        return [self.tracker, *self._means.values(), *self.given, *own]

    def forward(self, batch: Any, training: bool = True, share: tf.Tensor | None = None) -> Forward:
        """Run the step."""
        name = getattr(self.step, "__name__", "step")
        if not training and not self._takes_training:
            raise InputError(
                f"Validation needs the model as it is at the end, and {name}(batch) runs it as in "
                f"training: write it as {name}(batch, training) and pass that on, "
                f"model(x, training=training)."
            )
        given = {"training": training} if self._takes_training else {}
        found = self.step(batch, **given)
        if not isinstance(found, Mapping) or "loss" not in found:
            what = f"the keys {sorted(found)}" if isinstance(found, Mapping) else type(found)
            raise InputError(
                f"{name}(batch) returned {what}: it must return a dictionary with at least "
                f"'loss', {{'loss': loss}}."
            )
        loss = _scalar(found["loss"])
        extra = extra_losses(self.model)
        if extra is not None:
            loss = loss + tf.cast(extra, loss.dtype)
        logs = {k: tf.convert_to_tensor(v) for k, v in found.items() if k != "loss"}
        for key, value in logs.items():
            if value.shape.rank != 0:
                raise InputError(
                    f"{name}(batch) returned '{key}' of shape {value.shape}: what a step returns "
                    f"are scalars. Take tf.reduce_mean(...) of it."
                )
        return Forward(loss, tf.cast(size_of(batch), tf.float32), logs)

    def measure(self, batch: Any, forward: Forward, training: bool = True) -> None:
        """Update the means of what the step returned."""
        count = size_of(batch)
        for name, value in forward.logs.items():
            self.mean(name).update_state(value, sample_weight=count)

    def mean(self, name: str) -> Any:
        """The mean over the epoch of one of the returned scalars."""
        if name not in self._means:
            with tf.init_scope():
                self._means[name] = keras.metrics.Mean(name=name)
        return self._means[name]

    track = Objective.track
    results = Objective.results
    reset = Objective.reset

    def build(self, batch: Any) -> None:
        """The means are made while the step is traced; nothing is known before."""


def extra_losses(model: Any) -> tf.Tensor | None:
    """The sum of `model.losses`, None when there are none."""
    found = [tf.reduce_sum(tf.cast(each, keras.config.floatx())) for each in model.losses]
    return tf.add_n(found) if found else None


def _scalar(loss: Any) -> tf.Tensor:
    loss = tf.convert_to_tensor(loss)
    if loss.shape.rank != 0:
        raise InputError(
            f"The loss has the shape {loss.shape}: what is minimised is one number a batch. Take "
            f"tf.reduce_mean(loss), or a Keras loss with reduction='sum_over_batch_size'."
        )
    if not loss.dtype.is_floating:
        raise InputError(
            f"The loss is {loss.dtype.name}, and only floating-point numbers have a gradient: "
            f"leave out what turns it into whole numbers."
        )
    # A float16 times the loss scale would be infinite.
    return tf.cast(loss, tf.float32) if loss.dtype.size < tf.float32.size else loss


def _reduction(loss: Any) -> str:
    return str(getattr(loss, "reduction", "sum_over_batch_size") or "none")


def _takes(function: Any, name: str) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(each.name == name or each.kind is each.VAR_KEYWORD for each in parameters)
