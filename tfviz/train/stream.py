"""Data of any kind as one stream of batches, whose position can be saved.

Where the number of steps in an epoch is known, one iterator over the repeated dataset serves the
whole run: its state is the position, with every shuffle. Arrays are shuffled by their indices,
before anything is read, so that what a shuffle holds is small.
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

    @property
    def element_spec(self) -> Any:
        """The kind of a batch."""
        return self.dataset.element_spec

    @property
    def continuous(self) -> bool:
        """Whether one iterator serves all epochs."""
        return self.steps is not None

    def start(self) -> None:
        """Make the iterator, at the beginning of a run, and take the first batch.

        Raises:
            InputError: When there is none.
        """
        repeated = self.continuous and self.restartable
        self.iterator = iter(self.dataset.repeat() if repeated else self.dataset)
        self.waiting = next(self.iterator, None)
        if self.waiting is None:
            _require_some(0, self.name)

    def next(self) -> Any:
        """The next batch; None at the end."""
        if self.waiting is not None:
            batch, self.waiting = self.waiting, None
            return batch
        return next(self.iterator, None)

    def next_epoch(self) -> None:
        """Make a new iterator where each epoch needs its own."""
        if not self.continuous and self.restartable:
            self.iterator = iter(self.dataset)
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
        )
    if _generates(data):
        return _of_generator(data, steps, name)
    return _of_arrays(data, y, sample_weight, batch_size, steps, shuffle, seed, name)


def _of_dataset(dataset: tf.data.Dataset, steps: int | None, name: str) -> Stream:
    count = int(dataset.cardinality())
    if count == tf.data.INFINITE_CARDINALITY:
        if steps is None:
            raise InputError(
                f"{name}= repeats for ever, so an epoch has no end: pass steps_per_epoch=, or "
                f"leave .repeat() away."
            )
        return Stream(dataset, steps, restartable=False)
    if count == tf.data.UNKNOWN_CARDINALITY:
        return Stream(dataset, steps)
    _require_some(count, name)
    return Stream(dataset, steps or count)


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
        return Stream(_generated(data, None, name), steps)
    first = next(data, None)
    if first is None:
        _require_some(0, name)
    rest = itertools.chain([first], data)
    dataset = _dataset(lambda: rest, first)
    # Its end is not known before it comes; it runs once.
    return Stream(dataset, steps, restartable=False)


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
    order = tf.data.Dataset.range(count)
    if shuffle:
        order = order.shuffle(count, seed=seed, reshuffle_each_iteration=True)
    dataset = order.batch(size).map(
        lambda rows: tf.nest.map_structure(lambda each: tf.gather(each, rows), tensors),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    whole = -(-count // size)
    return Stream(dataset.prefetch(tf.data.AUTOTUNE), steps or whole)


def _narrow(array: Any) -> Any:
    """float64 as float32, as `fit` does: models compute in it."""
    if isinstance(array, np.ndarray) and array.dtype == np.float64:
        return array.astype(keras.config.floatx())
    return array
