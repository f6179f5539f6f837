"""Checkpoints from which training goes on bit for bit: everything that changes while it runs."""

from __future__ import annotations

import datetime
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, TrainingError
from tfviz.files.atomic import ensure_writable
from tfviz.train import checkpoint_random as randomness
from tfviz.train.checkpoint_contents import (
    collected,
    is_generator,
    set_state,
    several,
    state_of,
)
from tfviz.train.checkpoint_files import (
    DamagedError,
    clear_drafts,
    drafting,
    read_arrays,
    read_state,
    read_values,
    remove,
    verify,
    write_arrays,
    write_state,
    write_variables,
)
from tfviz.train.checkpoint_match import other_facts, pair, summary
from tfviz.train.checkpoint_position import (
    Unsaveable,
    dataset_of,
    described,
    read_position,
    require_iterator,
    shuffles,
    warn_of_disorder,
    warn_of_other_shuffles,
    warn_of_size,
    write_position,
)
from tfviz.train.state import TrainState
from tfviz.version import __version__

FORMAT = 1
NAME = "checkpoint-{:06d}"
_NAME = re.compile(r"checkpoint-(\d{6,})")
# What must be finite to be kept. Metrics may well be NaN, and harm nothing.
_WEIGHTS = re.compile(r"(model|optimizer|average)\d*/")


class Checkpoint:
    """A folder of checkpoints, each with all that an exact continuation needs.

    That is: the variables of model and optimizer, the seeds of `Dropout` and its like (which
    `.keras`, `.weights.h5` and `tf.train.Checkpoint(model)` leave out), the place in the data with
    the shuffle buffer, the random states of Python, NumPy, TensorFlow and `keras.random`, and
    your own counters. A run that was killed and resumed then ends with the same bits as one that
    never stopped.

    A checkpoint is written under a hidden name and renamed, so it is whole or absent. It is
    verified by hash before anything is read from it: a damaged one is skipped with a warning, and
    the next older one is taken. Weights that aren't finite are never written over good ones.

        checkpoint = tfviz.Checkpoint("run1", model=model, optimizer=optimizer, iterator=iterator)
        counters = checkpoint.restore() or {"step": 0}
        for step in range(counters["step"], 10_000):
            loss = step_function(next(iterator))
            if (step + 1) % 500 == 0:
                checkpoint.save({"step": step + 1})

    Args:
        directory: Where the checkpoints go; made when the first is written.
        model: A `keras.Model` that has its variables, or several.
        optimizer: The optimizer of its trainable variables (built here where it isn't yet), or
            several.
        iterator: `iter(dataset)` of a `tf.data.Dataset`; best of `dataset.repeat()`, so that one
            lasts for the whole run.
        keep: How many checkpoints to keep; the oldest goes once a new one is whole.
        **more: Anything else that changes while you train, by name: a `tf.Variable` or
            `keras.Variable`, something with `variables` (a metric, a layer), lists of those, or
            a random generator of Keras, TensorFlow, NumPy or Python.

    Raises:
        InputError: If one of them has nothing that can be saved.

    Attributes:
        directory: The folder.
        data_restored: Whether the last `restore` also put the place in the data back.
        arrays: Those that the restored checkpoint was given.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        model: Any = None,
        optimizer: Any = None,
        iterator: Any = None,
        keep: int = 3,
        **more: Any,
    ) -> None:
        if iterator is not None:
            require_iterator(iterator)
        generators = {name: each for name, each in more.items() if is_generator(each)}
        others = {name: each for name, each in more.items() if name not in generators}
        state = collected(several(model), several(optimizer), iterator, others)
        self._set_up(state, directory, keep, generators, partly=True)

    @classmethod
    def over(
        cls, state: TrainState, directory: str | os.PathLike[str], keep: int = 3
    ) -> Checkpoint:
        """Checkpoints of a state that is already collected; as the trainer makes them.

        Args:
            state: Everything that changes while training, by name.
            directory: Where the checkpoints go; made if need be.
            keep: How many to keep.

        Raises:
            OutputError: If nothing can be written there.
        """
        checkpoint = cls.__new__(cls)
        checkpoint._set_up(state, directory, keep, {}, partly=False)
        ensure_writable(checkpoint.directory)
        return checkpoint

    def _set_up(
        self,
        state: TrainState,
        directory: str | os.PathLike[str],
        keep: int,
        generators: Mapping[str, Any],
        *,
        partly: bool,
    ) -> None:
        if isinstance(keep, bool) or not isinstance(keep, int) or keep < 1:
            raise InputError(f"keep={keep!r} is how many checkpoints to keep, a number from 1 on.")
        self.directory = Path(directory)
        self.data_restored = False
        self.arrays: list[np.ndarray] = []
        self._state = state
        self._keep = keep
        self._generators = dict(generators)
        self._partly = partly
        self._damaged: set[Path] = set()
        self._said: set[str] = set()
        self._constant = _endless_by_nature(state.variables)

    def __repr__(self) -> str:
        latest = self.latest
        return f"Checkpoint('{self.directory}', latest={latest.name if latest else None!r})"

    @property
    def latest(self) -> Path | None:
        """The newest checkpoint's folder, None when there is none."""
        found = self._existing()
        return found[0] if found else None

    def save(
        self, counters: Mapping[str, Any] | None = None, *, arrays: Sequence[np.ndarray] = ()
    ) -> Path | None:
        """Write everything as it is now.

        Args:
            counters: What you want back from `restore`: step, epoch, anything that JSON can hold.
            arrays: What you want back from `restore` in the attribute `arrays`.

        Returns:
            The new checkpoint's folder; None when weights weren't finite, which a warning says and
            which leaves older checkpoints alone.

        Raises:
            OutputError: When the place can't be written to (disk full, ...). Nothing half-written
                stays, and older checkpoints are untouched.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        clear_drafts(self.directory)
        last = self.latest
        final = self.directory / NAME.format(_number(last) + 1 if last else 1)
        try:
            with drafting(final) as draft:
                table = write_variables(draft, self._state.variables, self._require_finite)
                write_arrays(draft, arrays)
                position = self._write_position(draft)
                write_state(
                    draft,
                    {
                        "format": FORMAT,
                        "versions": _versions(),
                        "saved": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                        "about": self._state.about,
                        "counters": dict(counters or {}),
                        "random": randomness.collect(),
                        "generators": {n: state_of(g) for n, g in self._generators.items()},
                        "position": position,
                        "variables": table,
                    },
                )
        except _NotFiniteError as error:
            warnings.warn(
                f"no checkpoint was written: {error} isn't finite any more. Older checkpoints in "
                f"'{self.directory}' are as they were.",
                stacklevel=2,
            )
            return None
        whole = [folder for folder in self._existing() if folder not in self._damaged]
        for old in whole[self._keep :]:
            remove(old)
        return final

    def restore(self) -> dict[str, Any] | None:
        """Put everything back as it was when the newest whole checkpoint was written.

        Call it when all is built and before the first batch is drawn. Nothing is changed unless
        the checkpoint fits.

        Returns:
            The counters that `save` was given; None when there is no checkpoint yet.

        Raises:
            TrainingError: If the checkpoint is another model's, or other data's, with what
                differs; if it was written in another format; or if none there is whole.
        """
        self.data_restored = False
        self._look_at_data()
        reasons = []
        for folder in self._existing():
            try:
                verify(folder)
            except DamagedError as error:
                self._damaged.add(folder)
                reasons.append(f"'{folder.name}' is damaged ({error})")
                continue
            if reasons:
                warnings.warn(
                    f"{'; '.join(reasons)}: going on from '{folder.name}', which is whole.",
                    stacklevel=2,
                )
            return self._put(folder)
        if reasons:
            raise TrainingError(
                f"no checkpoint in '{self.directory}' is whole: {'; '.join(reasons)}. Remove the "
                f"folder to begin anew, or copy an undamaged one back."
            )
        return None

    def _put(self, folder: Path) -> dict[str, Any]:
        kept = read_state(folder)
        if kept.get("format") != FORMAT:
            raise TrainingError(
                f"'{folder}' is written in format {kept.get('format')} (by tfviz "
                f"{kept.get('versions', {}).get('tfviz', 'unknown')}), and this is tfviz "
                f"{__version__}, which reads format {FORMAT}: go on with that version, or give "
                f"another folder to begin anew."
            )
        names, different = pair(kept["variables"], self._state.variables, partly=self._partly)
        different = other_facts(kept["about"], self._state.about) + different
        different += self._data_differ(kept["position"])
        if different:
            raise TrainingError(
                f"'{folder}' is a checkpoint of something else: {summary(different)}. Build "
                f"everything as it was, or give another folder to begin anew."
            )
        # First what can still fail.
        self._read_position(kept["position"], folder)
        for name, value in read_values(folder, kept["variables"]):
            if name in names:
                self._state.variables[names[name]].assign(value)
        for name, generator in self._generators.items():
            if name in kept["generators"]:
                set_state(generator, kept["generators"][name])
        randomness.put(kept["random"])
        self.arrays = read_arrays(folder)
        counters: dict[str, Any] = kept["counters"]
        return counters

    def _existing(self) -> list[Path]:
        """Checkpoints in the folder, the newest first."""
        if not self.directory.is_dir():
            return []
        found = [each for each in self.directory.iterdir() if _NAME.fullmatch(each.name)]
        return sorted(found, key=_number, reverse=True)

    def _require_finite(self, name: str, value: np.ndarray) -> None:
        looked_at = _WEIGHTS.match(name) and name not in self._constant and _is_float(value)
        if looked_at and not _all_finite(value):
            raise _NotFiniteError(f"'{name}'")

    def _write_position(self, draft: Any) -> dict[str, Any] | None:
        iterator = self._state.iterator
        if iterator is None:
            return None
        try:
            size = write_position(iterator, draft)
        except Unsaveable as error:
            self._say_once(
                f"the place in the data can't be saved with this dataset: {error}. The rest is "
                f"saved; a resumed run begins the data anew.",
                level=4,
            )
            return None
        if "size" not in self._said:
            warn_of_size(size, level=3)
            self._said.add("size")
        return {
            "bytes": size,
            "batch": described(iterator),
            "shuffles": shuffles(self._dataset()),
            "passes": getattr(self._stream(), "passes", 0),
        }

    def _stream(self) -> Any:
        """What makes the iterators, one for each pass over the data; None in one's own loop."""
        return getattr(self._state, "_stream", None)

    def _dataset(self) -> Any:
        known = self._state.dataset
        return dataset_of(self._state.iterator) if known is None else known

    def _read_position(self, kept: Mapping[str, Any] | None, folder: Path) -> None:
        iterator = self._state.iterator
        if iterator is None:
            return
        if kept is None:
            warnings.warn(
                f"'{folder.name}' holds no place in the data, so the data begin anew from here.",
                stacklevel=4,
            )
            return
        if kept["passes"] and hasattr(self._stream(), "begin"):
            self._stream().begin(kept["passes"])
            iterator = self._state.iterator
        read_position(iterator, folder)
        warn_of_other_shuffles(kept["shuffles"], self._dataset(), level=4)
        self.data_restored = True

    def _data_differ(self, kept: Mapping[str, Any] | None) -> list[str]:
        if kept is None or self._state.iterator is None or "batch" in self._state.about:
            return []
        now = described(self._state.iterator)
        return [] if kept["batch"] == now else [f"a batch was {kept['batch']}, now {now}"]

    def _look_at_data(self) -> None:
        """Say before any training what will stand in the way of an exact continuation."""
        if "order" not in self._said:
            self._said.add("order")
            warn_of_disorder(self._dataset(), level=3)

    def _say_once(self, text: str, *, level: int) -> None:
        if text not in self._said:
            self._said.add(text)
            warnings.warn(text, stacklevel=level)


class _NotFiniteError(Exception):
    """A weight that isn't finite; the message is its name."""


def _endless_by_nature(variables: Mapping[str, Any]) -> set[str]:
    """Constants such as a mask of -inf, which were never finite and never will be."""
    return {
        name
        for name, variable in variables.items()
        if re.match(r"model\d*/", name)
        and not variable.trainable
        and tf.as_dtype(variable.dtype).is_floating
        and not _all_finite(variable.numpy())
    }


def _is_float(value: np.ndarray) -> bool:
    return tf.as_dtype(value.dtype).is_floating


def _all_finite(value: np.ndarray) -> bool:
    """Without a temporary array: the extremes of an array are NaN where one of its values is."""
    value = np.asarray(value)
    return not value.size or bool(np.isfinite(value.min()) and np.isfinite(value.max()))


def _number(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])


def _versions() -> dict[str, str]:
    return {"tfviz": __version__, "tensorflow": tf.__version__, "keras": keras.__version__}
