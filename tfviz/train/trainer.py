"""`Trainer(model, loss, optimizer).fit(data)`: the loop for who wants it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfviz.errors import InputError
from tfviz.train.assembling import Options, Part, compiled_part, parts_of
from tfviz.train.average import WeightAverage
from tfviz.train.callbacks import Callbacks, borrowing
from tfviz.train.checkpoint import Checkpoint
from tfviz.train.checks import check_batch
from tfviz.train.events import Events, Hooks, Run
from tfviz.train.fitting import Fitting
from tfviz.train.history import History
from tfviz.train.measuring import measured
from tfviz.train.preparing import Preparation, Prepared
from tfviz.train.progress import choose
from tfviz.train.saving import save_model
from tfviz.train.step import Step
from tfviz.train.stream import stream_of, validation_stream
from tfviz.train.tracing import notice_eager
from tfviz.train.update import Update


class Trainer:
    """Trains a Keras model with a GradientTape, compiled, guarded, and to be looked into.

        trainer = tfviz.Trainer(model, "sparse_categorical_crossentropy", "adam", ["accuracy"])
        history = trainer.fit(dataset, epochs=5, validation_data=validation)
        trainer.save("model.keras", labels=class_names)

    The whole loop, in its true order; the words on the left are events that hooks can be given for:

        fit_begin        goes on from checkpoint_dir, if something is there
        for epoch in range(first_epoch, epochs):
            epoch_begin  metrics are reset
            while steps of this epoch remain:
                step_begin
                compiled, steps_per_call times in one while loop:
                    batch = next(iterator)
                    for each update (one; several where there are several optimizers):
                        for each micro-batch:
                            loss = loss_of(batch) + sum(model.losses)
                            gradients += tape.gradient(loss, variables)
        gradients       gradients = hook(gradients, variables)
                        norm = global_norm(gradients)
                        if isfinite(loss) and isfinite(norm):
                            clip; optimizer.apply; average of the weights
                        else:
                            batch and step are kept; what the batch changed is put back
        updated         logs += hook(scope)
                step_end
                nonfinite        where a loss or gradient was not finite: report; raise or go on
                checkpoint       every checkpoint_every steps
            validation_begin, validation_end
            epoch_end
            checkpoint
        fit_end

    Keras callbacks are called at the same places as by `fit`. A hook is a plain function of the
    run (`run.epoch`, `run.step`, `run.logs`, `run.stop()`); 'gradients' and 'updated' are traced
    into the compiled step.

    Args:
        model: A `keras.Model`. It isn't compiled, nor changed but for its weights.
        loss: As in `model.compile`: a name, a `keras.losses.Loss`, a function; a list or dictionary
            for several outputs. None where the model adds its loss itself.
        optimizer: A `keras.optimizers.Optimizer` or its name.
        metrics: As in `model.compile`. With `step` or `updates`, metric objects that it updates.
        step: In place of `loss`, a function `step(batch) -> {"loss": ..., more scalars}`, which
            runs the model with `training=True`. `model.losses` are added to its loss.
        updates: In place of `loss` and `optimizer`, several `tfviz.Update`s.
        loss_weights: As in `model.compile`.
        weighted_metrics: As in `model.compile`.
        clip_norm: The most that the norm of all gradients together may be.
        micro_batch_size: Samples in memory at a time; gradients and loss are those of the batch.
        average: Momentum of an average of the weights, 0.999; see `trainer.average`.
        precision: 'mixed_float16' or 'mixed_bfloat16' while training; the model stays float32.
        on_nonfinite: What to do with a loss or gradient that isn't finite: 'raise' a TrainingError
            with a report, 'skip' the step, or 'record' it and go on. Skipped steps change nothing.
        steps_per_call: Steps in one compiled call; by default as many as fill a tenth of a second,
            and 1 where a hook or callback looks at every step.
        hooks: `{event: function or list of functions}`, for every `fit`.

    Raises:
        InputError: When an argument isn't what it should be.
        ModelError: When the model isn't a Keras model.
    """

    def __init__(
        self,
        model: Any,
        loss: Any = None,
        optimizer: Any = None,
        metrics: Any = None,
        *,
        step: Any = None,
        updates: Sequence[Update] | None = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
        clip_norm: float | None = None,
        micro_batch_size: int | None = None,
        average: float | None = None,
        precision: str | None = None,
        on_nonfinite: str = "raise",
        steps_per_call: int | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        options = Options(
            clip_norm, micro_batch_size, average, precision, on_nonfinite, steps_per_call
        )
        parts = parts_of(
            model,
            loss=loss,
            optimizer=optimizer,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            loss_weights=loss_weights,
            step=step,
            updates=updates,
            options=options,
        )
        self._take(model, parts, options, hooks)

    @classmethod
    def from_compiled(cls, model: Any, *, hooks: Hooks | None = None, **options: Any) -> Trainer:
        """A trainer for a compiled model: its loss, optimizer and metrics, the losses of `fit`.

        Args:
            model: A compiled `keras.Model`.
            hooks: As in `Trainer`.
            **options: `clip_norm` and what follows it in `Trainer`.

        Raises:
            ModelError: When it isn't compiled, or has a `train_step` of its own.
        """
        known = Options.__dataclass_fields__
        for name in options:
            if name not in known:
                raise InputError(
                    f"{name}= is no option of from_compiled, which takes {', '.join(known)} and "
                    f"hooks; loss, optimizer and metrics are those of model.compile."
                )
        per_call = getattr(model, "steps_per_execution", 1)
        if per_call > 1:
            options.setdefault("steps_per_call", per_call)
        chosen = Options(**options)
        trainer = cls.__new__(cls)
        trainer._take(model, [compiled_part(model, chosen)], chosen, hooks)
        if model.run_eagerly:
            notice_eager(certain=True)
        return trainer

    def _take(self, model: Any, parts: list[Part], options: Options, hooks: Hooks | None) -> None:
        self.model = model
        self.options = options
        self._hooks = hooks
        Events(hooks)
        self._made = Preparation(model, parts, options)

    @property
    def optimizer(self) -> Any:
        """The optimizer, the first of several; a `LossScaleOptimizer` where float16 needs one."""
        return self._made.parts[0].optimizer

    @property
    def step(self) -> Step | None:
        """The compiled step, after the first `fit` or `prepare`."""
        return self._made.step

    @property
    def average(self) -> WeightAverage | None:
        """The average of the weights, where one was asked for, after the first `fit`."""
        return self._made.average

    # ---- the loop

    def fit(
        self,
        data: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        validation_data: Any = None,
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        callbacks: Any = None,
        hooks: Hooks | None = None,
        progress: Any = "auto",
        checkpoint_dir: str | Path | None = None,
        checkpoint_every: int | str = "epoch",
        keep: int = 3,
    ) -> History:
        """Train.

        Args:
            data: A `tf.data.Dataset` of batches, arrays, a `keras.utils.PyDataset`, a generator of
                batches or a function that makes one.
            y: Labels, where `data` are arrays.
            sample_weight: (samples,), where `data` are arrays.
            batch_size: Where `data` are arrays; 32 by default.
            epochs: Up to which epoch; a resumed run makes those that are left.
            validation_data: Like `data`, or `(x, y)` or `(x, y, sample_weight)`.
            class_weight: `{class index: weight}`, looked up in the compiled step.
            steps_per_epoch: By default all there are.
            shuffle: Whether arrays are shuffled anew each epoch.
            seed: Of that shuffle.
            callbacks: Keras callbacks.
            hooks: `{event: function or list of functions}`.
            progress: 'auto', 'bar', 'lines', 'notebook', 'none'.
            checkpoint_dir: Where the run is saved, and from where it goes on.
            checkpoint_every: 'epoch', or a number of steps.
            keep: How many checkpoints are kept.

        Returns:
            The history.

        Raises:
            InputError: When the data can't be right for the loss, or is empty.
            TrainingError: When a loss or gradient isn't finite (`on_nonfinite='raise'`).
        """
        if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 0:
            raise InputError(f"epochs={epochs!r} must be a whole number from 0 up.")
        _require_interval(checkpoint_every)
        events = Events(self._hooks, hooks)
        shown = choose(progress)
        validation = None
        if validation_data is not None:
            validation = validation_stream(validation_data, batch_size, epochs)
        prepared = self.prepare(
            data,
            y,
            sample_weight=sample_weight,
            batch_size=batch_size,
            class_weight=class_weight,
            steps_per_epoch=steps_per_epoch,
            shuffle=shuffle,
            seed=seed,
            events=events,
        )
        if validation is not None and isinstance(validation_data, (tuple, list)):
            # Arrays only: looking at a dataset would begin its shuffles once more.
            first = next(iter(validation.dataset))
            self._check(first, "validation_data", finite=False)
        with borrowing(self.model, self.optimizer):
            listed = Callbacks(callbacks, self.model, epochs, prepared.stream.steps)
            fitting = Fitting(
                Run(self, epochs, steps=prepared.stream.steps),
                prepared.step,
                prepared.stream,
                validation=validation,
                events=events,
                callbacks=listed,
                progress=shown,
                steps_per_call=self.options.steps_per_call,
                checkpoint=None
                if checkpoint_dir is None
                else Checkpoint.over(prepared.state, checkpoint_dir, keep=keep),
                checkpoint_every=checkpoint_every,
            )
            history = fitting.go()
            for part in self._made.parts if epochs else ():
                part.optimizer.finalize_variable_values(part.trainable())
        return history

    def prepare(
        self,
        data: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        batch_size: int | None = None,
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        events: Events | None = None,
    ) -> Prepared:
        """Take the first batch, look at it, and build everything that has variables.

        Args:
            data: As in `fit`, with the arguments that follow.
            y: Labels.
            sample_weight: Weights of samples.
            batch_size: For arrays.
            class_weight: Weights of classes.
            steps_per_epoch: Batches in an epoch.
            shuffle: For arrays.
            seed: For arrays.
            events: Who listens.
        """
        stream = stream_of(
            data,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            seed=seed,
        )
        stream.start()
        self._check(stream.waiting, "data", finite=self.options.on_nonfinite == "raise")
        return self._made.prepare(stream, events or Events(self._hooks), class_weight)

    def _check(self, batch: Any, name: str, *, finite: bool) -> None:
        for part in self._made.parts:
            check_batch(batch, part.objective, finite=finite, name=name)

    # ---- afterwards

    def evaluate(
        self, data: Any, y: Any = None, *, sample_weight: Any = None, batch_size: int | None = None
    ) -> dict[str, float]:
        """Loss and metrics on other data.

        Args:
            data: As in `fit`.
            y: Labels.
            sample_weight: Weights of samples.
            batch_size: For arrays.
        """
        stream = stream_of(data, y, sample_weight, batch_size=batch_size)
        step = self.step
        if step is None:
            stream.start()
            self._check(stream.waiting, "data", finite=False)
            step = self._made.prepare(stream, Events(self._hooks), None).step
        step.reset()
        found = measured(step, stream)
        step.reset()
        return found

    def save(
        self,
        path: str | Path,
        *,
        labels: Sequence[str] | None = None,
        input_size: tuple[int, int] | None = None,
        resize: str | None = None,
        value_range: str | None = None,
        knows: str = "",
        average: bool = False,
    ) -> Path:
        """Write the model with what it knows about itself, whole or not at all.

        `tfviz heatmap --model` then needs no questions.

        Args:
            path: Ends in .keras or .h5.
            labels: Names of the classes in the order of the output units.
            input_size: (height, width) in pixels; the model's own where it has one.
            resize: 'stretch', 'crop' or 'letterbox': how photos were brought to that size.
            value_range: What was done to pixel values before the model: 'none' (0 to 255), '0-1',
                'tf', 'torch' or 'caffe'.
            knows: A sentence on what the model can and can't tell.
            average: Write the averaged weights in place of the last ones.
        """
        if average and self.average is None:
            raise InputError(
                "average=True, and this trainer keeps no average: Trainer(..., average=0.999)."
            )
        return save_model(
            self.model,
            Path(path),
            labels=labels,
            input_size=input_size,
            resize=resize,
            value_range=value_range,
            knows=knows,
            average=self.average if average else None,
        )


def _require_interval(every: int | str) -> None:
    whole = isinstance(every, int) and not isinstance(every, bool) and every > 0
    if not whole and every != "epoch":
        raise InputError(
            f"checkpoint_every={every!r} must be 'epoch', or a number of steps from 1 up."
        )
