"""The loop itself, its events in their true order."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train.callbacks import Callbacks
from tfviz.train.checkpoint import Checkpoint
from tfviz.train.events import Events, Run
from tfviz.train.history import History
from tfviz.train.interrupt import interruptible
from tfviz.train.measuring import explained, measured
from tfviz.train.progress import Silent
from tfviz.train.report import raise_nonfinite, report_on
from tfviz.train.step import Step
from tfviz.train.stream import Stream

# One call into the compiled loop lasts about this long: often enough to show, to stop, to save.
SECONDS_A_CALL = 0.1
MOST_STEPS_A_CALL = 10_000


class Fitting:
    """One run of the loop.

    Args:
        run: What hooks see.
        step: The compiled step.
        stream: The training data, started.
        validation: The validation data, or None.
        events: Who listens.
        callbacks: Keras's callbacks.
        progress: How it is shown.
        steps_per_call: Steps in one compiled call; None to find out.
        checkpoint: Where it is saved, or None.
        checkpoint_every: 'epoch', or a number of steps.
    """

    def __init__(
        self,
        run: Run,
        step: Step,
        stream: Stream,
        *,
        validation: Stream | None,
        events: Events,
        callbacks: Callbacks,
        progress: Silent,
        steps_per_call: int | None,
        checkpoint: Checkpoint | None,
        checkpoint_every: int | str,
    ) -> None:
        self.run = run
        self.step = step
        self.stream = stream
        self.validation = validation
        self.events = events
        self.callbacks = callbacks
        self.progress = progress
        self.checkpoint = checkpoint
        self.every = checkpoint_every
        alone = events.look_between_steps() or callbacks.between_steps
        self._fixed = steps_per_call or (1 if alone else None)
        self._wanted = self._fixed or 1
        self._alone = alone
        self._kept: list[tuple[int, Mapping[str, tf.Tensor]]] = []
        self._fetched = time.perf_counter()
        self._steps: dict[str, list[np.ndarray]] = {}
        self._epochs: dict[str, list[float]] = {}
        self._nonfinite: list[str] = []
        self._began = time.perf_counter()
        self._first_epoch = 0
        self._first_step = 0
        self._inside_epoch = False
        self._saved: dict[str, int] = {}
        self._ran_out = False
        run._logs = step.results

    def go(self) -> History:
        """Train.

        Raises:
            TrainingError: When a loss or gradient isn't finite and that is to be raised.
        """
        run = self.run
        with interruptible(saves=self.checkpoint is not None) as interrupt:
            self._interrupt = interrupt
            try:
                self._begin()
                for epoch in range(run.epoch, run.epochs):
                    if run.stopped:
                        break
                    run.epoch = epoch
                    self._epoch()
                self.events.call("fit_end", run)
                self.callbacks.call("on_train_end", logs=self._last_logs())
            finally:
                self.progress.end()
        return self.history()

    def history(self) -> History:
        """What happened so far."""
        return History(
            epochs=self._epochs,
            steps={name: np.concatenate(parts) for name, parts in self._steps.items()},
            first_epoch=self._first_epoch,
            first_step=self._first_step,
            seconds=time.perf_counter() - self._began,
            traces=self.step.traces.count,
            nonfinite=tuple(self._nonfinite),
            stopped=self.run.stopped,
        )

    def _begin(self) -> None:
        run = self.run
        counters = self.checkpoint.restore() if self.checkpoint is not None else None
        if counters is not None:
            self.stream.waiting = None
            run.epoch, run.step = counters["epoch"], counters["step"]
            run.step_in_epoch = counters["step_in_epoch"]
            self._inside_epoch = run.step_in_epoch > 0
            self._epochs = {name: list(values) for name, values in counters["history"].items()}
            self._resumed(counters)
            self.callbacks.go_on()
        else:
            self.step.reset()
            if self.checkpoint is not None:
                self.stream.make_room()
        self.progress.begin(run.epochs, self.stream.steps)
        self.callbacks.call("on_train_begin")
        self.callbacks.memory.begin()
        if counters is not None and self.checkpoint is not None:
            self._remind(counters["callbacks"], self.checkpoint.arrays)
        else:
            run.epoch = self.callbacks.first_epoch()
        self._first_step = run.step
        finished = max((len(values) for values in self._epochs.values()), default=0)
        self._first_epoch = run.epoch - finished
        self.events.call("fit_begin", run)

    def _resumed(self, counters: Mapping[str, Any]) -> None:
        """Say where it goes on, or that there is nothing left to do."""
        run = self.run
        # Who asks for more epochs than the run had when it was stopped wants to go on.
        if counters["stopped"] and run.epochs <= counters["epochs"]:
            run.stopped = counters["stopped"]
            self.progress.say(
                f"This run was stopped after epoch {run.epoch}: {run.stopped}. To train on, give "
                f"more epochs than {counters['epochs']}; to begin anew, another checkpoint_dir."
            )
        elif run.epoch >= run.epochs:
            self.progress.say(
                f"All {run.epochs} epochs of this run are made. To train on, give more epochs; to "
                f"begin anew, another checkpoint_dir."
            )
        else:
            self.progress.say(f"Goes on at epoch {run.epoch + 1}, step {run.step}.")

    def _remind(self, found: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> None:
        """Give callbacks back what they knew."""
        lost = self.callbacks.memory.write(found, arrays)
        if lost:
            warnings.warn(
                f"{', '.join(lost)} can't be saved in a checkpoint and begins anew: this run may "
                f"differ from one that was never interrupted. Numbers, text, arrays, and lists and "
                f"dictionaries of them can.",
                stacklevel=2,
            )

    # ---- an epoch

    def _epoch(self) -> None:
        run = self.run
        if not self._inside_epoch:
            run.step_in_epoch = 0
            self.step.reset()
            if self.stream.waiting is None:
                self.stream.next_epoch()
        self._inside_epoch = False
        self.progress.epoch(run.epoch)
        self.callbacks.call("on_epoch_begin", run.epoch)
        self.events.call("epoch_begin", run)
        self._steps_of_epoch()
        self._fetch()
        logs = self.step.results()
        if self.validation is not None:
            self.events.call("validation_begin", run)
            found = self.validate()
            logs |= {f"val_{name}": value for name, value in found.items()}
            run._logs = lambda: logs
            self.events.call("validation_end", run)
        for name, value in logs.items():
            self._epochs.setdefault(name, []).append(value)
        run._logs = lambda: logs
        self.callbacks.call("on_epoch_end", run.epoch, logs=logs)
        self.events.call("epoch_end", run)
        run._logs = self.step.results
        self.progress.epoch_end(run.epoch, logs)
        if self.callbacks.stop and not run.stopped:
            run.stop("a callback asked for it")
        if self.checkpoint is not None:
            self._save(run.epoch + 1, 0)
        if self._interrupt.asked:
            self._leave(run.epoch + 1, 0)

    def _steps_of_epoch(self) -> None:
        run, steps = self.run, self.stream.steps
        fresh = False
        while steps is None or run.step_in_epoch < steps:
            count = self._count(steps)
            first = run.step_in_epoch
            self.events.call("step_begin", run)
            if self._alone:
                self.callbacks.call("on_train_batch_begin", first)
            made = self._call(count)
            if made == 0:
                if steps is not None and not fresh and self.stream.next_pass():
                    fresh = True
                    continue
                self._ended(steps)
                break
            fresh = False
            run.step += made
            run.step_in_epoch += made
            self._look()
            if self._alone:
                logs = self.step.results() if self.callbacks.between_steps else {}
                self.callbacks.call("on_train_batch_end", run.step_in_epoch - 1, logs=logs)
            self.events.call("step_end", run)
            if self._due() and run.step_in_epoch != steps:
                self._fetch()
                self._save(run.epoch, run.step_in_epoch)
            if self._interrupt.asked:
                self._leave(run.epoch, run.step_in_epoch)
            if run.stopped or self.callbacks.stop:
                break
        self.run.steps = self.stream.steps or run.step_in_epoch

    def _count(self, steps: int | None) -> int:
        """How many steps the next call makes at most."""
        count = self._wanted
        if steps is not None:
            count = min(count, steps - self.run.step_in_epoch)
        if self.checkpoint is not None and isinstance(self.every, int):
            count = min(count, self.every - self.run.step % self.every)
        return count

    def _call(self, count: int) -> int:
        """Make steps; how many were made."""
        began = time.perf_counter()
        try:
            if self.stream.waiting is not None or (count == 1 and self._alone):
                batch = self.stream.next()
                if batch is None:
                    return 0
                # The first one is made by itself: it has been looked at on the host.
                if not tf.config.functions_run_eagerly():
                    self.step.compiled_for(self.stream.element_spec)
                logs = self.step(batch)
                made = 1
            else:
                done, logs = self.step.run(self.stream.iterator, count)
                made = int(done)
        except (tf.errors.InvalidArgumentError, tf.errors.InternalError, TypeError) as error:
            raise explained(error, self._where()) or error from error
        except tf.errors.ResourceExhaustedError as error:
            error.add_note(
                "Out of memory in a training step (or a full disk, which TensorFlow calls the "
                "same): Trainer(..., micro_batch_size=...) keeps the batch and has only a part of "
                "it in memory at a time; halve it until it fits."
            )
            raise
        if made:
            self._kept.append((made, logs))
        took = time.perf_counter() - began
        if self._fixed is None:
            # Twice as many at a time at most: the first ones are slow, being compiled.
            wanted = made * SECONDS_A_CALL / max(took, 1e-6)
            self._wanted = int(min(max(1, wanted), 2 * self._wanted, MOST_STEPS_A_CALL))
        return made

    def _where(self) -> str:
        return f"in epoch {self.run.epoch + 1}, after step {self.run.step_in_epoch}"

    def _ended(self, steps: int | None) -> None:
        """The data came to an end before a step could be made."""
        run = self.run
        if steps is None and run.step_in_epoch:
            if not self.stream.restartable and run.epoch + 1 < run.epochs:
                self._stop_early(
                    f"The data ended in epoch {run.epoch + 1} of {run.epochs}: a generator runs "
                    f"only once. Pass the function that makes it (data=make, without brackets), "
                    f"or a tf.data.Dataset."
                )
            return
        if run.step == 0:
            raise InputError("data= is empty: it gave no batch.")
        of = f"step {run.step_in_epoch} of {steps} in " if steps else ""
        self._stop_early(
            f"The data ended at {of}epoch {run.epoch + 1}: it gives fewer batches than "
            f"steps_per_epoch= times epochs=. Training ends here; what was learned is kept. Pass "
            f"a smaller steps_per_epoch=, or data that can be repeated."
        )

    def _stop_early(self, sentence: str) -> None:
        warnings.warn(sentence, stacklevel=2)
        self._ran_out = True
        self.run.stop(sentence)

    # ---- what the host looks at

    def _look(self) -> None:
        """Fetch, about ten times a second."""
        if time.perf_counter() - self._fetched >= SECONDS_A_CALL or self._wanted > 1:
            self._fetch()
            self.progress.step(self.run.step_in_epoch, self.stream.steps, self._last_step())

    def _fetch(self) -> None:
        """Turn what the steps returned into numbers, and look at the guard."""
        for _, logs in self._kept:
            for name, value in logs.items():
                if name != "finite":
                    array = np.atleast_1d(np.asarray(value, np.float64))
                    self._steps.setdefault(name, []).append(array)
        self._kept.clear()
        self._fetched = time.perf_counter()
        guard = self.step.guard
        latched = guard.look() if guard is not None else None
        if latched is not None:
            sentence, report = report_on(self.step, latched)
            self._nonfinite.append(sentence)
            self.run.report = report
            self.events.call("nonfinite", self.run)
            if guard is not None and guard.policy == "raise":
                raise_nonfinite(sentence, report)
            self.progress.say(sentence)

    def _last_step(self) -> dict[str, float]:
        losses = self._steps.get("loss")
        return {"loss": float(losses[-1][-1])} if losses else {}

    def _last_logs(self) -> dict[str, float]:
        return {name: values[-1] for name, values in self._epochs.items() if values}

    # ---- validation

    def validate(self) -> dict[str, float]:
        """Loss and metrics on the validation data."""
        assert self.validation is not None
        self.callbacks.call("on_test_begin")
        self.step.reset()
        found = measured(self.step, self.validation, self.callbacks)
        self.callbacks.call("on_test_end", logs=found)
        return found

    # ---- saving

    def _due(self) -> bool:
        if self.checkpoint is None or not isinstance(self.every, int):
            return False
        return self.run.step % self.every == 0

    def _save(self, epoch: int, step_in_epoch: int) -> None:
        assert self.checkpoint is not None
        run = self.run
        place = {"epoch": epoch, "step": run.step, "step_in_epoch": step_in_epoch}
        if place == self._saved:
            return
        remembered, arrays = self.callbacks.memory.read()
        counters = {
            **place,
            "epochs": run.epochs,
            # Data that ended early may be mended, and then there is more to do.
            "stopped": "" if self._ran_out else run.stopped,
            "history": self._epochs,
            "callbacks": remembered,
        }
        self.checkpoint.save(counters, arrays=arrays)
        self._saved = place
        self.events.call("checkpoint", run)

    def _leave(self, epoch: int, step_in_epoch: int) -> None:
        self._fetch()
        if self.checkpoint is not None:
            self._save(epoch, step_in_epoch)
            self._interrupt.say(
                f"Saved after {self.run.step} steps; the same call goes on from there."
            )
        self._interrupt.leave()
