"""What a step or a landscape is computed on: a file of arrays, or one photo with its class."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfviz.errors import InputError, ModelError, nearest
from tfviz.image import read_rgb, sample_path
from tfviz.model.card import card_of, remember
from tfviz.model.pixels import preprocess
from tfviz.zoo.loading import load_model

NAMES = {
    "x": ("x", "x_train", "inputs", "images", "x_test"),
    "y": ("y", "y_train", "labels", "targets", "y_test"),
    "sample_weight": ("sample_weight", "sample_weights"),
}


@dataclass(frozen=True, eq=False)
class Data:
    """Samples.

    Attributes:
        x: Inputs.
        y: Labels; None where there are none.
        sample_weight: None where all weigh alike.
        loss: The loss that goes with them; None where they don't tell.
        note: What was taken for granted, in words.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    loss: Any = None
    note: str = ""

    def first(self, count: int | None) -> Data:
        """At most so many samples, from the beginning; None takes all."""
        x, y, weight = (
            None if each is None else each[:count] for each in (self.x, self.y, self.sample_weight)
        )
        return replace(self, x=x, y=y, sample_weight=weight)


def read_data(path: str | os.PathLike[str]) -> Data:
    """The arrays `x`, `y` and, where it is there, `sample_weight` of a `.npz` file.

    Args:
        path: What `numpy.savez(path, x=x, y=y)` wrote. `x_train` and `y_train`, as in Keras's own
            files, will do.

    Raises:
        InputError: When there is no such file or array.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"'{path}' is a folder: give a .npz file that holds x and y.")
    if not path.is_file():
        hint = nearest(path.name, [p.name for p in path.parent.glob("*")]) if path.parent else ""
        raise InputError(f"There is no data file '{path}'.{hint}")
    try:
        opened = np.load(path, allow_pickle=False)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"'{path}' is no .npz file of arrays: write one by numpy.savez('{path.stem}.npz', "
            f"x=x, y=y)."
        ) from error
    if not hasattr(opened, "files"):
        raise InputError(
            f"'{path}' holds a single array, and x and y are needed: write both by "
            f"numpy.savez('{path.stem}.npz', x=x, y=y)."
        )
    with opened:
        found: dict[str, Any] = {}
        for wanted, names in NAMES.items():
            name = next((each for each in names if each in opened.files), None)
            try:
                found[wanted] = None if name is None else opened[name]
            except ValueError as error:
                raise InputError(
                    f"'{name}' in '{path}' holds Python objects, not numbers: make it an array of "
                    f"one shape and type first (np.stack, np.asarray(..., 'float32'))."
                ) from error
        if found["x"] is None:
            raise InputError(
                f"'{path}' has the arrays {', '.join(opened.files) or '(none)'} and no 'x': write "
                f"it by numpy.savez('{path.stem}.npz', x=x, y=y)."
            )
    counts = {key: each.shape[:1] for key, each in found.items() if each is not None}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{key} {n[0] if n else 'no axis'}" for key, n in counts.items())
        raise InputError(
            f"The arrays of '{path}' hold different numbers of samples ({told}): the first axis "
            f"of each counts the same samples."
        )
    return Data(**found)


def photo(model: Any, image: str | os.PathLike[str], label: str, loss: Any = None) -> Data:
    """One photo and its class, as a batch for a classifier.

    Args:
        model: A classifier; what tfviz knows of it (class names, value range) is used.
        image: A file, or `sample:cat` and the like.
        label: The name of its class, or the index.
        loss: What to minimise; None takes the compiled loss or else the cross-entropy that goes
            with the model's output.

    Raises:
        TargetError: When no class is called that.
        InputError: When the photo can't be read, or the model is no classifier.
    """
    name = os.fspath(image)
    rgb = read_rgb(sample_path(name) if name.startswith("sample:") else name)
    x = preprocess(model, [rgb])
    outputs = keras.tree.flatten(model(x, training=False))
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        shapes = ", ".join(str(tuple(each.shape)) for each in outputs)
        raise InputError(
            f"A photo with a label needs a model with one score a class, and '{model.name}' gives "
            f"{shapes}: give arrays, --data file.npz."
        )
    scores = np.asarray(outputs[0], np.float64)[0]
    index = _class_index(model, label, max(2, len(scores)))
    if loss is not None or model.compiled:
        return Data(x, np.array([index]), loss=loss)
    likely = bool((scores >= 0).all() and abs(scores.sum() - 1) < 1e-3)
    if len(scores) == 1:
        likely = bool(0 <= scores[0] <= 1)
        made: Any = keras.losses.BinaryCrossentropy(from_logits=not likely)
        y = np.array([[float(index)]], np.float32)
    else:
        made = keras.losses.SparseCategoricalCrossentropy(from_logits=not likely)
        y = np.array([index])
    kind = "probabilities" if likely else "logits"
    note = f"The model has no loss of its own; as it gives {kind}, {made.name} was taken."
    return Data(x, y, loss=made, note=note)


def load_compiled(
    name: str,
    *,
    weights: str | None = None,
    custom_objects: dict[str, Any] | None = None,
    unsafe: bool = False,
) -> Any:
    """A model by name or file, compiled with loss and optimizer where the file has them.

    Args:
        name: As for `tfviz.load_model`.
        weights: As for `tfviz.load_model`.
        custom_objects: As for `tfviz.load_model`.
        unsafe: As for `tfviz.load_model`.
    """
    # The compiled one first: Keras numbers layers without a name as they are made, and so they
    # are called here what they are called by all who load the file once.
    compiled = _compiled(Path(name), custom_objects, unsafe)
    model = load_model(name, weights=weights, custom_objects=custom_objects, unsafe=unsafe)
    if compiled is None:
        return model
    remember(compiled, card_of(model))
    return compiled


def _compiled(path: Path, custom_objects: dict[str, Any] | None, unsafe: bool) -> Any:
    """The model of a file with its loss and optimizer; None where there are none to be had."""
    if not path.is_file() or not _can_compile(path, custom_objects, unsafe):
        return None
    try:
        with warnings.catch_warnings():
            # Of an optimizer that was saved before its first step.
            warnings.simplefilter("ignore")
            found = keras.saving.load_model(
                str(path), custom_objects=custom_objects, compile=True, safe_mode=not unsafe
            )
    except Exception:  # whatever it is, loading without all that tells it better
        return None
    return found


def _can_compile(path: Path, custom_objects: dict[str, Any] | None, unsafe: bool) -> bool:
    """Whether the file says how to compile; tried without the model, which would be made twice."""
    if not zipfile.is_zipfile(path):
        return True  # HDF5: Keras itself looks
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read("config.json")).get("compile_config")
        if told:
            keras.saving.deserialize_keras_object(
                told, custom_objects=custom_objects, safe_mode=not unsafe
            )
    except Exception:  # a loss of the user's own: Keras raises whatever its parts raise
        return False
    return bool(told)


def _class_index(model: Any, label: str, classes: int) -> int:
    found = card_of(model).find_class(label)
    if isinstance(found, str):
        raise InputError(
            f"--label {label!r}: model '{model.name}' has no class names; give an index from 0 to "
            f"{classes - 1}."
        )
    if not 0 <= found < classes:
        raise ModelError(f"--label {found}: model '{model.name}' has classes 0 to {classes - 1}.")
    return found
