"""The largest batch, or micro-batch, whose training step fits into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tfviz.errors import InputError, TrainingError
from tfviz.train.batch_memory import free_bytes
from tfviz.train.batch_probe import Attempt, Trial, attempt, write_request
from tfviz.train.stream import stream_of

# Of what is free: reading data, checkpoints and other programs need some too.
MEMORY_SHARE = 0.8
MOST = 4096
# Rows of arrays that are handed to the child, which repeats them.
ROWS = 8
GIGA = 2**30


@dataclass(frozen=True)
class BatchSize:
    """What fits.

    Attributes:
        batch_size: The batch: the one that was asked for, or the largest that fits.
        micro_batch_size: For `Trainer(micro_batch_size=...)`; None where the whole batch fits.
        memory: Bytes there were; None where no limit was known.
        predicted: The size that the activation sizes had promised.
        trials: What was tried, in order, with the bytes predicted and measured.
        sentence: All of this in words.
    """

    batch_size: int
    micro_batch_size: int | None
    memory: int | None
    predicted: int
    trials: tuple[Trial, ...]
    sentence: str

    def __str__(self) -> str:
        lines = [self.sentence, "    size   predicted    measured"]
        for each in self.trials:
            peak = f"{each.peak / GIGA:8.2f} GB" if each.peak else "          -"
            said = "" if each.fits else f"   does not fit: {each.why}"
            lines.append(f"{each.size:8d} {each.predicted / GIGA:8.2f} GB {peak}{said}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON can hold it."""
        return asdict(self)


def find_batch_size(
    trainer: Any,
    data: Any,
    y: Any = None,
    *,
    batch_size: int | None = None,
    memory: int | None = None,
    most: int = MOST,
    sample_weight: Any = None,
    timeout: float = 600.0,
) -> BatchSize:
    """Find the largest batch that fits, or keep a batch and halve the micro-batch until it fits.

        found = tfviz.find_batch_size(trainer, dataset, batch_size=256)
        print(found)
        trainer = tfviz.Trainer(..., micro_batch_size=found.micro_batch_size)

    Halving the micro-batch changes no gradient (BatchNormalization aside), a smaller batch does:
    where the batch size was chosen for a reason, give it. What fits is predicted from the sizes of
    the layers' outputs first, and then tried, real training steps, in a process of its own: running
    out of memory may end a process without a word. Nothing is trained here, and the model's copy
    that the other process reads is removed again.

    On a GPU, call it before this process has used the card, which TensorFlow takes as a whole, or
    with a function and before any model is made.

    Args:
        trainer: A `tfviz.Trainer`, or a function that makes one, importable by another process.
        data: As in `Trainer.fit`; one batch of it is looked at.
        y: Labels, where `data` are arrays.
        batch_size: The batch to keep; None to find the largest.
        memory: Bytes that the whole training process may have; four fifths of what is free by
            default, all of the card on a GPU.
        most: The largest batch that is tried.
        sample_weight: Weights of samples, where `data` are arrays.
        timeout: Seconds after which a trial counts as not fitting.

    Returns:
        The sizes, and each trial with what was predicted and measured.

    Raises:
        InputError: When the other process can't make the same trainer.
        OutputError: When a disk is full, which TensorFlow reports by the same error.
        TrainingError: When not even one sample fits, or the step fails for another reason.
    """
    for name, value in (("batch_size", batch_size), ("memory", memory), ("most", most)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name}={value!r} must be a positive whole number.")
    if isinstance(data, Iterator):
        raise InputError(
            f"data= is a {type(data).__name__} that runs once, and a batch of it would be lost: "
            f"pass the function that makes it, or a tf.data.Dataset."
        )
    stream = stream_of(data, y, sample_weight, batch_size=None if y is None else ROWS)
    stream.start()
    limit = memory if memory is not None else _default_memory()
    sizes = sizes_for(batch_size, most)
    with tempfile.TemporaryDirectory(prefix="tfviz-") as temporary:
        folder = Path(temporary)
        request = write_request(
            folder, trainer, stream.waiting, whole=batch_size, sizes=sizes, memory=limit
        )
        trials = searched(sizes, lambda size: attempt(folder, request, size, timeout))
    return _concluded(trials, batch_size, limit)


def _default_memory() -> int | None:
    import tensorflow as tf

    free = free_bytes()
    if free is None or tf.config.list_physical_devices("GPU"):
        return None
    return int(free * MEMORY_SHARE)


def sizes_for(batch_size: int | None, most: int) -> list[int]:
    """What may be tried, ascending: a batch and its halves, or powers of two.

    Args:
        batch_size: The batch to keep.
        most: The largest where there is none.

    >>> sizes_for(100, 4096)
    [1, 2, 4, 7, 13, 25, 50, 100]
    """
    if batch_size is None:
        return [2**i for i in range(most.bit_length())]
    sizes = [batch_size]
    while sizes[-1] > 1:
        sizes.append(-(-sizes[-1] // 2))
    return sizes[::-1]


def searched(sizes: list[int], attempt: Attempt) -> list[Trial]:
    """Try sizes, from the predicted one on, until the largest that fits is known.

    Args:
        sizes: Ascending.
        attempt: Makes a trial of a size; of the predicted one for None.
    """
    trials = [attempt(None)]
    fitting, failing, jump = -1, len(sizes), 1
    while True:
        last = trials[-1]
        place = sizes.index(last.size)
        fitting, failing = (place, failing) if last.fits else (fitting, place)
        if failing - fitting <= 1:
            return trials
        if failing == len(sizes):
            place = min(fitting + jump, len(sizes) - 1)
        elif fitting < 0:
            place = max(failing - jump, 0)
        else:
            place = (fitting + failing) // 2
        jump *= 2
        trials.append(attempt(sizes[place]))


def _concluded(trials: list[Trial], batch_size: int | None, memory: int | None) -> BatchSize:
    fitting = [each for each in trials if each.fits]
    room = "" if memory is None else f" of {memory / GIGA:.2f} GB"
    if not fitting:
        least = min(trials, key=lambda each: each.size)
        raise TrainingError(
            f"Not even a step with {least.size} sample{'s' if least.size > 1 else ''} at a time "
            f"fits into the memory{room} (predicted {least.predicted / GIGA:.2f} GB; "
            f"{least.why}): take smaller inputs, a smaller model, precision='mixed_float16', or an "
            f"optimizer that keeps less, SGD in place of Adam."
        )
    best = max(fitting, key=lambda each: each.size)
    peak = "" if best.peak is None else f", {best.peak / GIGA:.2f} GB at its peak"
    guess = f"predicted {best.predicted / GIGA:.2f} GB"
    if batch_size is None:
        sentence = f"A batch of {best.size} fits into the memory{room}{peak} ({guess})."
        return BatchSize(best.size, None, memory, trials[0].size, tuple(trials), sentence)
    if best.size == batch_size:
        sentence = f"The batch of {batch_size} fits in one piece{peak} ({guess})."
        return BatchSize(batch_size, None, memory, trials[0].size, tuple(trials), sentence)
    sentence = (
        f"The batch of {batch_size} fits into the memory{room} in micro-batches of {best.size}"
        f"{peak} ({guess}): Trainer(..., micro_batch_size={best.size}), which gives the same "
        f"gradients."
    )
    return BatchSize(batch_size, best.size, memory, trials[0].size, tuple(trials), sentence)
