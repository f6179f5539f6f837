"""The learning rate range test: raise the rate each step, watch the loss, put everything back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.train import checkpoint_random
from tfviz.train.rates import FEWEST, LearningRates, smoothed, suggested
from tfviz.train.stream import Stream

# A loss so many times the lowest has left the range in which anything is learned.
DIVERGED = 4.0


def find_learning_rate(
    trainer: Any,
    data: Any,
    y: Any = None,
    *,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
    smoothing: float = 0.9,
    sample_weight: Any = None,
    batch_size: int | None = None,
    class_weight: Mapping[int, float] | None = None,
    seed: int | None = None,
) -> LearningRates:
    """Train for some steps at a learning rate that grows from step to step; suggest one.

        found = tfviz.find_learning_rate(trainer, dataset)
        print(found.sentence)
        found.plot()
        trainer.optimizer.learning_rate = found.valley

    Afterwards everything is as it was: the model, the optimizer, seeds, metrics, averages, the
    random states of Python, NumPy and TensorFlow. It reads `data` with an iterator of its own, so
    yours stay where they are. Two things can't be put back: what a generator object has given away
    (so a function that makes one is asked for), and, with a `Dataset` that shuffles anew for each
    iteration, how often it was iterated: its next order is the second. Arrays have neither.

    Args:
        trainer: A `tfviz.Trainer` with one update.
        data: As in `Trainer.fit`. Where it has fewer batches than `steps`, it begins again.
        y: Labels, where `data` are arrays.
        lowest: The rate of the first step.
        highest: The rate of the last step, unless the loss has grown to four times its lowest.
        steps: How many; the rate grows by the same factor in each.
        smoothing: β of the exponential average of the loss, from 0 up to 1. The average lags behind
            by about 1 / (1 - β) steps, and so do the suggestions.
        sample_weight: As in `Trainer.fit`.
        batch_size: As in `Trainer.fit`.
        class_weight: As in `Trainer.fit`.
        seed: Of the shuffle, where `data` are arrays.

    Returns:
        The losses and three suggestions.

    Raises:
        InputError: When the learning rate can't be set, or an argument can't be.

    Source: L. Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3;
        the suggestions are those of fastai's `lr_find`.
    """
    _require(lowest, highest, steps, smoothing)
    optimizer = _optimizer(trainer)
    if isinstance(data, Iterator):
        raise InputError(
            f"data= is a {type(data).__name__} that runs once, and the test would use it up: pass "
            f"the function that makes it, or a tf.data.Dataset."
        )
    rates = np.geomspace(lowest, highest, steps)
    with _everything_kept(trainer.model) as keep:
        prepared = trainer.prepare(
            data,
            y,
            sample_weight=sample_weight,
            batch_size=batch_size,
            class_weight=class_weight,
            shuffle=True,
            # Without a seed TensorFlow would draw one from a state that nobody can put back.
            seed=0 if seed is None else seed,
        )
        keep(prepared)
        losses, diverged = _swept(prepared, optimizer, rates, smoothing)
    return suggested(rates[: len(losses)], losses, smoothing, diverged=diverged)


def _require(lowest: float, highest: float, steps: int, smoothing: float) -> None:
    if not 0 < lowest < highest < float("inf"):
        raise InputError(
            f"lowest={lowest!r} and highest={highest!r} are the ends of the range of learning "
            f"rates: positive, and the first below the second, 1e-7 and 10."
        )
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2 * FEWEST:
        raise InputError(
            f"steps={steps!r} is how many rates are tried: a whole number from {2 * FEWEST} up; "
            f"100 is usual."
        )
    if not 0 <= smoothing < 1:
        raise InputError(f"smoothing={smoothing!r} must be from 0 up to 1, without 1 itself: 0.9.")


def _optimizer(trainer: Any) -> Any:
    if not hasattr(trainer, "prepare"):
        raise InputError(
            f"trainer= is a {type(trainer).__name__}: pass a tfviz.Trainer(model, loss, "
            f"optimizer), or Trainer.from_compiled(model)."
        )
    count = len(trainer._made.parts)
    if count > 1:
        raise InputError(
            f"This trainer makes {count} updates, each with an optimizer of its "
            f"own, and a range test changes one rate: test each by itself in a Trainer with one "
            f"update."
        )
    optimizer = trainer.optimizer
    if not isinstance(optimizer.learning_rate, keras.Variable):
        inside = optimizer.get_config()
        while "learning_rate" not in inside:
            inside = next(v["config"] for v in inside.values() if isinstance(v, dict))
        schedule = inside["learning_rate"]
        named = schedule.get("class_name", "") if isinstance(schedule, dict) else ""
        raise InputError(
            f"The optimizer's learning rate is a schedule{f' ({named})' if named else ''}, which "
            f"can't be set from outside: make the test with a number, "
            f"{type(optimizer).__name__}(learning_rate=1e-3), and give what it finds to the "
            f"schedule as its highest rate."
        )
    return optimizer


@contextmanager
def _everything_kept(model: Any) -> Iterator[Any]:
    """Put back what the block changes: the model at once, the rest as soon as it is known."""
    states = checkpoint_random.collect()
    weights = [(v, tf.identity(tf.convert_to_tensor(v))) for v in model.variables]
    known: list[tuple[Any, dict[str, tf.Tensor]]] = []

    def keep(prepared: Any) -> None:
        known.append((prepared, prepared.state.read()))

    try:
        yield keep
    finally:
        for prepared, values in known:
            prepared.state.write(values)
            if prepared.step.guard is not None:
                prepared.step.guard.open()
        for variable, value in weights:
            variable.assign(value)
        checkpoint_random.put(states)


def _swept(
    prepared: Any, optimizer: Any, rates: np.ndarray, smoothing: float
) -> tuple[np.ndarray, bool]:
    """The loss at each rate, up to where it diverges; and whether it did."""
    losses: list[float] = []
    for rate in rates:
        optimizer.learning_rate = float(rate)
        logs = prepared.step(_next(prepared.stream))
        loss = float(logs["loss"])
        if not (np.isfinite(loss) and bool(logs["finite"])):
            return np.array(losses), True
        losses.append(loss)
        if _has_diverged(smoothed(np.array(losses), smoothing)):
            return np.array(losses), True
    return np.array(losses), False


def _next(stream: Stream) -> Any:
    batch = stream.next()
    if batch is None:
        # Not `next_epoch`, which tells the user's own object that an epoch was trained.
        stream.iterator = iter(stream.dataset)
        batch = stream.next()
    if batch is None:
        raise InputError("data= gives no more batches: pass something that can be read again.")
    return batch


def _has_diverged(curve: np.ndarray) -> bool:
    lowest = float(curve.min())
    if lowest > 0:
        return bool(curve[-1] > DIVERGED * lowest)
    # A loss that may be negative has no ratio: as far above its start as it had fallen, thrice.
    fallen = float(curve[0]) - lowest
    return bool(fallen > 0 and curve[-1] > curve[0] + (DIVERGED - 1) * fallen)
