"""The place in the data: what an iterator of tf.data has already given, and what it holds back.

An iterator is saved with all that it holds: the shuffle buffer, what was prefetched. TensorFlow
can save it only where the dataset draws no random numbers and reads no variables while it maps;
what stands in the way is named here, with the mend.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfviz.errors import InputError, TrainingError
from tfviz.train.checkpoint_files import Draft

PREFIX = "iterator"
# More than this is images in the shuffle buffer, not their indices.
LARGE = 100_000_000
# What a shuffle has that was given no seed, where none was set for the process.
NO_SEED = [0, 0]
# A dataset of more steps than this is looked at no further.
LONGEST = 1000
_STATEFUL = re.compile(r"(\w+) is stateful")
_LOST = re.compile(r"checkpoint: (Iterator::[\w:\[\]-]+)")
_FROM_PYTHON = {"PyFunc", "EagerPyFunc", "PyFuncStateless", "GeneratorDataset"}
_FROM_VARIABLES = {"ReadVariableOp", "VarHandleOp", "AssignVariableOp", "ResourceGather"}
_FROM_GENERATORS = {"RngReadAndSkip", "StatefulUniform", "StatefulStandardNormalV2"}


def require_iterator(iterator: Any) -> None:
    """Refuse what has no place that could be saved.

    Raises:
        InputError: With what was given and what to give instead.
    """
    if isinstance(iterator, tf.data.Dataset):
        raise InputError(
            "iterator= is a dataset, which has no place of its own: make `iterator = "
            "iter(dataset.repeat())` once, draw the batches with next(iterator), and give that."
        )
    if not hasattr(iterator, "_serialize_to_tensors"):
        raise InputError(
            f"iterator= is a {type(iterator).__name__}, whose place can't be saved: give an "
            f"iterator of tf.data, `iter(dataset.repeat())`, or leave it out."
        )


def described(iterator: Any) -> str:
    """What a batch looks like, to tell other data from the same."""
    spec = getattr(iterator, "element_spec", None)
    return re.sub(r", name=None|TensorSpec", "", str(spec)) if spec is not None else ""


def write_position(iterator: Any, draft: Draft) -> int:
    """Write the place in the data into a checkpoint.

    Returns:
        Its size in bytes.

    Raises:
        Unsaveable: When this dataset's state can't be saved, with the reason and the mend.
    """
    size = 0
    for path in _write(iterator, draft.folder):
        size += path.stat().st_size
        draft.adopt(path)
    return size


def read_position(iterator: Any, folder: Path) -> None:
    """Put the place in the data back; of a verified checkpoint.

    Raises:
        TrainingError: When the dataset isn't built as it was.
    """
    try:
        tf.train.Checkpoint(iterator=iterator).read(str(folder / PREFIX)).assert_consumed()
    except (tf.errors.OpError, AssertionError) as error:
        found = _LOST.search(str(error))
        where = f" (nothing fits '{found[1]}')" if found else ""
        raise TrainingError(
            f"the place in the data of '{folder}' doesn't fit this dataset{where}: it is built "
            f"from other steps than when the checkpoint was made. Build it as it was, or give "
            f"another folder to begin anew."
        ) from error


class Unsaveable(Exception):  # noqa: N818 - never leaves these files; it is said as a warning
    """A dataset whose state can't be saved; the message says why and what to do."""


def warn_of_size(size: int, level: int) -> None:
    """Say when the place in the data is so large that it must hold images."""
    if size > LARGE:
        warnings.warn(
            f"the place in the data takes {size / 1e6:.0f} MB in each checkpoint, because the "
            f"shuffle buffer holds loaded images: shuffle file names or indices first and load "
            f"after it, `Dataset.range(n).shuffle(n).map(load).batch(...)`.",
            stacklevel=level + 1,
        )


def warn_of_disorder(dataset: Any, level: int) -> None:
    """Say what in a dataset makes a resumed run see other batches than an unbroken one.

    That is an order that depends on timing, or a shuffle without a seed: TensorFlow saves the
    order of the running epoch, and draws that of the next ones from the seed.
    """
    free = next((setting for each in _chain(dataset) if (setting := _freedom(each))), "")
    if free:
        warnings.warn(
            f"this dataset gives its elements in whatever order they are ready ({free}), so a "
            f"resumed run sees other batches than an unbroken one: leave deterministic=False out "
            f"to resume bit for bit.",
            stacklevel=level + 1,
        )
    if NO_SEED in shuffles(dataset):
        warnings.warn(
            "this dataset shuffles without a seed, so the epochs after a resumed one come in "
            "another order than in an unbroken run: give shuffle(..., seed=1), which still "
            "shuffles anew each epoch.",
            stacklevel=level + 1,
        )
    for reason in _forgotten(dataset):
        warnings.warn(
            f"{reason}, and TensorFlow then can't restore in which order the epochs after a "
            f"resumed one come.",
            stacklevel=level + 1,
        )


def warn_of_other_shuffles(kept: Any, dataset: Any, level: int) -> None:
    """Say when a shuffle draws its next orders from other seeds than those of the checkpoint."""
    now = shuffles(dataset)
    if kept is not None and kept != now and NO_SEED not in now:
        warnings.warn(
            f"the dataset shuffles with other seeds ({now}) than when the checkpoint was made "
            f"({kept}): epochs after this one come in another order. Give shuffle(..., seed=...), "
            f"or the same number to keras.utils.set_random_seed, before the dataset is made.",
            stacklevel=level + 1,
        )


def dataset_of(iterator: Any) -> Any:
    """What an iterator goes over, None where that isn't known."""
    return getattr(iterator, "_dataset", None)


def shuffles(dataset: Any) -> list[list[int]]:
    """The two seeds of each shuffle in a dataset, the last one first."""
    found = []
    for each in _chain(dataset):
        first, second = getattr(each, "_seed", None), getattr(each, "_seed2", None)
        if "Shuffle" in type(each).__name__ and first is not None and second is not None:
            found.append([int(first), int(second)])
    return found


def _write(iterator: Any, folder: Path) -> list[Path]:
    """Write an iterator's state; the files."""
    try:
        tf.train.Checkpoint(iterator=iterator).write(str(folder / PREFIX))
    except (tf.errors.FailedPreconditionError, tf.errors.UnimplementedError) as error:
        for path in folder.glob(f"{PREFIX}*"):
            path.unlink()
        raise Unsaveable(_reason(str(error))) from error
    return sorted(folder.glob(f"{PREFIX}.*"))


def _reason(message: str) -> str:
    found = _STATEFUL.search(message)
    name = found[1] if found else ""
    if name in _FROM_PYTHON:
        return (
            "it calls Python (from_generator, py_function, numpy_function), whose state TensorFlow "
            "can't see. Make a dataset of file names or indices and load with tf functions in "
            "`map`"
        )
    if name in _FROM_VARIABLES:
        return (
            "it reads a variable inside `map` (the seed of a Keras augmentation layer, as a rule). "
            "Put the augmentation layers into the model, or draw with tf.random.stateless_* from "
            "the number that `dataset.enumerate()` gives"
        )
    if name in _FROM_GENERATORS:
        return (
            "it draws from a tf.random.Generator inside `map`. Draw with tf.random.stateless_* "
            "from the number that `dataset.enumerate()` gives"
        )
    if found:
        return (
            f"it draws random numbers inside `map` ({name} keeps a state of its own). Use "
            f"`dataset.enumerate().map(f)` and draw with tf.random.stateless_*(..., seed=(seed, "
            f"number)), which needs no state"
        )
    return f"TensorFlow says: {message.splitlines()[0]}"


def _freedom(dataset: Any) -> str:
    """Which setting frees a dataset from order, empty when none does."""
    if dataset.options().deterministic is False:
        return "options().deterministic is False"
    if getattr(dataset, "_deterministic", None) == "false":
        return "map(..., deterministic=False)"
    return ""


def _forgotten(dataset: Any) -> list[str]:
    """How a dataset is built where TensorFlow restores a shuffle, but not its next orders.

    When what stands above a shuffle has read it to its end (a prefetch always has, near the end of
    an epoch), nothing of the shuffle is saved, not even how often it was begun. Straight under
    `repeat` it never ends.
    """
    found = []
    waiting: list[tuple[Any, tuple[str, ...]]] = []
    if isinstance(dataset, tf.data.Dataset):
        waiting.append((dataset, ()))
    for _ in range(LONGEST):
        if not waiting:
            break
        each, above = waiting.pop()
        kind = type(each).__name__
        anew = "Shuffle" in kind and getattr(each, "_reshuffle_each_iteration", None) is not False
        if anew and any("Shuffle" in other for other in above):
            found.append(
                "this dataset shuffles, and shuffles again: give the first one "
                "reshuffle_each_iteration=False"
            )
        elif anew and any("Repeat" in other for other in above[:-1]):
            found.append(
                "this dataset has other steps between shuffle and repeat: write "
                "`shuffle(...).repeat()` and the other steps after it"
            )
        waiting.extend((below, (*above, kind)) for below in getattr(each, "_inputs", list)())
    return found


def _chain(dataset: Any) -> Iterator[Any]:
    """A dataset and what it is made of; not what functions inside it make.

    What stands in the way shows in no public attribute. The private ones here and in those above
    were seen in TensorFlow 2.18 to 2.21, and where they are absent nothing is said.
    """
    waiting = [dataset] if isinstance(dataset, tf.data.Dataset) else []
    left = LONGEST
    while waiting and left:
        each, left = waiting.pop(), left - 1
        yield each
        waiting.extend(getattr(each, "_inputs", list)())
