"""Data of any kind as one stream of batches, whose position can be saved.

Each pass over a dataset has an iterator of its own. (One over `dataset.repeat()` can't be saved
exactly: when a prefetch has read a pass to its end, TensorFlow forgets how often a shuffle above
it was begun.) Arrays are shuffled by a permutation that is computed and never held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError


class Stream:
    """Batches, epoch after epoch.

    Args:
        dataset: Gives batches.
        steps: Batches in an epoch; None when that isn't known.
        restartable: False for a generator that runs only once.
        owner: What was given, where it has to be told that an epoch ended.

    Attributes:
        iterator: The `tf.data` iterator of now; None before `start`.
        waiting: The first batch, which was taken to be looked at and is still to be trained on;
            None afterwards. Forget it where the iterator is put somewhere else.
        passes: How many passes over the dataset were begun.
    """

    def __init__(
        self,
        dataset: tf.data.Dataset,
        steps: int | None,
        *,
        restartable: bool = True,
        owner: Any = None,
        name: str = "data",
    ) -> None:
        self.dataset = dataset
        self.steps = steps
        self.restartable = restartable
        self.owner = owner
        self.name = name
        self.iterator: Any = None
        self.waiting: Any = None
        self.passes = 0

    @property
    def element_spec(self) -> Any:
        """The kind of a batch."""
        return self.dataset.element_spec

    def start(self) -> None:
        """Make the iterator, at the beginning of a run, and take the first batch.

        Raises:
            InputError: When there is none.
        """
        self.begin(1)
        self.waiting = next(self.iterator, None)
        if self.waiting is None:
            _require_some(0, self.name)

    def next(self) -> Any:
        """The next batch; None at the end."""
        if self.waiting is not None:
            batch, self.waiting = self.waiting, None
            return batch
        return next(self.iterator, None)

    def begin(self, passes: int) -> None:
        """Make iterators until so many passes were begun; the last one is the iterator of now.

        Each one that is made, drawn from or not, moves the seeds of a shuffle on by one pass.
        """
        while self.passes < passes:
            self.iterator = iter(self.dataset)
            self.passes += 1

    def make_room(self) -> None:
        """Make a pass that nobody uses, at the beginning of a run that may be resumed.

        TensorFlow begins one by itself when it restores an iterator; so seeds are where they would
        be.
        """
        if self.restartable and self.owner is None:
            iter(self.dataset)

    def next_pass(self) -> bool:
        """Go through the dataset once more; False where it gives its batches only once."""
        if self.restartable:
            self.begin(self.passes + 1)
        return self.restartable

    def next_epoch(self) -> None:
        """Begin an epoch after the first: a new pass, unless epochs and passes differ in length."""
        if self.steps is None or int(self.dataset.cardinality()) == self.steps:
            self.next_pass()
        if isinstance(self.owner, keras.utils.PyDataset):
            self.owner.on_epoch_end()


def stream_of(
    data: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    name: str = "data",
) -> Stream:
    """A stream of whatever is given.

    Args:
        data: A `tf.data.Dataset` of batches, arrays, a `keras.utils.PyDataset`, a generator of
            batches, or a function that makes one.
        y: Labels, where `data` are arrays.
        sample_weight: Weights of samples, where `data` are arrays.
        batch_size: Samples in a batch, where `data` are arrays; 32 by default.
        steps: Batches in an epoch; by default all there are.
        shuffle: Whether arrays are shuffled, anew each epoch.
        seed: Of the shuffle.
        name: What the argument is called.

    Raises:
        InputError: When there is nothing in it, or it can't be read as batches.
    """
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise InputError(f"steps_per_epoch={steps!r} must be a positive whole number.")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
        raise InputError(f"seed={seed!r} must be a whole number, or None for another each time.")
    made = isinstance(data, (tf.data.Dataset, keras.utils.PyDataset)) or _generates(data)
    if made and (y is not None or sample_weight is not None):
        raise InputError(
            f"{name}= is a {type(data).__name__}, which gives labels and weights itself, as "
            f"(x, y) or (x, y, sample_weight): leave y= and sample_weight= away."
        )
    if isinstance(data, tf.data.Dataset):
        return _of_dataset(data, steps, name)
    if isinstance(data, keras.utils.PyDataset):
        count = len(data)
        _require_some(count, name)
        return Stream(
            _generated(lambda: map(data.__getitem__, itertools.count()), count, name),
            min(count, steps or count),
            owner=data,
            name=name,
        )
    if _generates(data):
        return _of_generator(data, steps, name)
    return _of_arrays(data, y, sample_weight, batch_size, steps, shuffle, seed, name)


def validation_stream(data: Any, batch_size: int | None, epochs: int) -> Stream:
    """A stream that is read after every epoch.

    Args:
        data: As in `stream_of`, or `(x, y)` or `(x, y, sample_weight)`.
        batch_size: For arrays.
        epochs: How often it will be read.

    Raises:
        InputError: When it can't be read so often.
    """
    if isinstance(data, (tuple, list)) and 2 <= len(data) <= 3:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(tuple(data))
        return stream_of(x, y, weight, batch_size=batch_size, name="validation_data")
    stream = stream_of(data, batch_size=batch_size, name="validation_data")
    if epochs > 1 and not stream.restartable:
        raise InputError(
            "validation_data= is a generator, which runs only once, and it is read after every "
            "epoch: pass the function that makes it (validation_data=make, without brackets), or "
            "a tf.data.Dataset."
        )
    return stream


def _of_dataset(dataset: tf.data.Dataset, steps: int | None, name: str) -> Stream:
    count = int(dataset.cardinality())
    if count == tf.data.INFINITE_CARDINALITY:
        if steps is None:
            end = "pass steps_per_epoch=" if name == "data" else "take a part, .take(100)"
            raise InputError(
                f"{name}= repeats for ever, so it has no end: {end}, or leave .repeat() away."
            )
        return Stream(dataset, steps, restartable=False, name=name)
    if count == tf.data.UNKNOWN_CARDINALITY:
        return Stream(dataset, steps, name=name)
    _require_some(count, name)
    return Stream(dataset, steps or count, name=name)


def _require_some(count: int, name: str) -> None:
    if count == 0:
        raise InputError(
            f"{name}= is empty: it gives no batch. Look at what it is made of: a pattern that "
            f"matches no file, a filter that lets nothing through, batch(..., drop_remainder=True) "
            f"with fewer samples than a batch."
        )


def _generates(data: Any) -> bool:
    if isinstance(data, (np.ndarray, tf.Tensor, list, tuple, dict)):
        return False
    return callable(data) or isinstance(data, Iterator)


def _of_generator(data: Any, steps: int | None, name: str) -> Stream:
    if callable(data):
        return Stream(_generated(data, None, name), steps, name=name)
    first = next(data, None)
    if first is None:
        _require_some(0, name)
    rest = itertools.chain([first], data)
    dataset = _dataset(lambda: rest, first)
    # Its end is not known before it comes; it runs once.
    return Stream(dataset, steps, restartable=False, name=name)


def _generated(make: Callable[[], Any], count: int | None, name: str) -> tf.data.Dataset:
    first = next(iter(make()), None)
    if first is None:
        _require_some(0, name)

    def batches() -> Any:
        return itertools.islice(iter(make()), count)

    dataset = _dataset(batches, first)
    if count is not None:
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
    return dataset


def _dataset(make: Callable[[], Any], first: Any) -> tf.data.Dataset:
    example = _plain(first)
    spec = tf.nest.map_structure(_spec, example)
    return tf.data.Dataset.from_generator(lambda: map(_plain, make()), output_signature=spec)


def _plain(batch: Any) -> Any:
    """Tuples for lists, which tf.data would join to one array; a weight that is None left out."""
    if isinstance(batch, list):
        if batch and all(np.ndim(each) == 0 for each in batch):
            return np.asarray(batch)
        batch = tuple(batch)
    if isinstance(batch, tuple):
        while batch and batch[-1] is None:
            batch = batch[:-1]
        return tuple(_plain(each) for each in batch)
    if isinstance(batch, dict):
        return {name: _plain(each) for name, each in batch.items()}
    return batch if tf.is_tensor(batch) else np.asarray(batch)


def _spec(value: Any) -> tf.TensorSpec:
    tensor = tf.convert_to_tensor(value)
    if tensor.shape.rank == 0:
        raise InputError(
            "The generator gives single samples, and batches are expected: arrays whose first axis "
            "is the samples."
        )
    return tf.TensorSpec((None, *tensor.shape[1:]), tensor.dtype)


def _of_arrays(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    shuffle: bool,
    seed: int | None,
    name: str,
) -> Stream:
    size = 32 if batch_size is None else batch_size
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InputError(f"batch_size={size!r} must be a positive whole number.")
    parts: tuple[Any, ...] = (x,) if y is None else (x, y)
    if sample_weight is not None:
        parts = (x, y, sample_weight)
    tensors = tf.nest.map_structure(lambda each: tf.convert_to_tensor(_narrow(each)), _plain(parts))
    flat = tf.nest.flatten(tensors)
    counts = [int(each.shape[0]) if each.shape.rank else 0 for each in flat]
    if len(set(counts)) > 1:
        raise InputError(
            f"{name}= has parts of different length: {', '.join(map(str, counts))} samples. "
            f"Inputs, labels and weights need one row for each sample."
        )
    if not counts or counts[0] == 0:
        raise InputError(f"{name}= is empty: it has no samples.")
    count = counts[0]
    whole = -(-count // size)
    order = _shuffled(count, size, seed) if shuffle else tf.data.Dataset.range(count).batch(size)
    dataset = order.map(
        lambda rows: tf.nest.map_structure(lambda each: tf.gather(each, rows), tensors),
        num_parallel_calls=tf.data.AUTOTUNE,
    ).prefetch(tf.data.AUTOTUNE)
    return Stream(dataset, steps or whole, restartable=not shuffle, name=name)


def _shuffled(count: int, size: int, seed: int | None) -> tf.data.Dataset:
    """Batches of row numbers, each epoch in another order, without end.

    The order is a function of one random number an epoch, so that an iterator holds nothing else:
    saving it takes milliseconds, where a shuffle of 50,000 numbers takes a second.
    """

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([number, ~number])
        return (
            tf.data.Dataset.range(count)
            .batch(size)
            .map(lambda rows: tf.random.experimental.index_shuffle(rows, key, count - 1))
        )

    return tf.data.Dataset.random(seed=seed).flat_map(epoch)


def _narrow(array: Any) -> Any:
    """float64 as float32, as `fit` does: models compute in it."""
    if isinstance(array, np.ndarray) and array.dtype == np.float64:
        return array.astype(keras.config.floatx())
    return array
