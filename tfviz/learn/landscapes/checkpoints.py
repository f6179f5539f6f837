"""Sets of weights that a training left behind, read without changing the model."""

from __future__ import annotations

import glob
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.model.loading import load_weights


def find(pattern: str) -> list[Path]:
    """The files of a pattern such as 'weights/*.weights.h5', in the order of their numbers.

    Raises:
        InputError: When no file is like it.
    """
    found = [Path(each) for each in glob.glob(pattern, recursive=True) if os.path.isfile(each)]
    if not found:
        folder = os.path.dirname(pattern) or "."
        there = sorted(os.listdir(folder))[:5] if os.path.isdir(folder) else []
        told = f" In '{folder}' are {', '.join(there)}." if there else ""
        raise InputError(f"No file is like '{pattern}'.{told}")
    return sorted(found, key=lambda each: _numbers(each.name))


def read_sets(model: Any, given: Sequence[Any]) -> list[list[np.ndarray]]:
    """The values of all of a model's variables, for each set of weights.

    Args:
        model: A built `keras.Model`; it keeps its own values.
        given: Files of weights, or lists of arrays as `model.get_weights()` returns, or one array
            for each trainable variable.

    Returns:
        For each set an array for each of `model.variables`; what a set doesn't tell is the
        model's own.

    Raises:
        InputError: When a list has another number of arrays, or other shapes.
        ModelError: When a file is of another model.
    """
    variables = list(model.variables)
    own = [each.numpy() for each in variables]
    # A file of weights of a compiled model brings the optimizer's state along.
    optimizer = list(getattr(getattr(model, "optimizer", None), "variables", ()))
    kept = [(each, each.numpy()) for each in (*variables, *optimizer)]
    found = []
    try:
        for i, each in enumerate(given):
            if isinstance(each, (str, os.PathLike)):
                with warnings.catch_warnings():
                    # Of that state, when it was saved before the optimizer had made any.
                    warnings.simplefilter("ignore")
                    load_weights(model, Path(each))
                found.append([variable.numpy() for variable in variables])
            else:
                found.append(_filled(model, list(each), variables, own, i))
    finally:
        for variable, value in kept:
            variable.assign(value)
    return found


def _filled(
    model: Any, arrays: list[Any], variables: list[Any], own: list[np.ndarray], number: int
) -> list[np.ndarray]:
    wanted = {len(each): each for each in (model.trainable_variables, model.weights)}
    if len(arrays) not in wanted:
        raise InputError(
            f"weights[{number}] holds {len(arrays)} arrays, and model '{model.name}' has "
            f"{len(model.weights)} weights, {len(model.trainable_variables)} of them trainable: "
            f"give what model.get_weights() returned."
        )
    given = dict(zip((id(v) for v in wanted[len(arrays)]), arrays, strict=True))
    filled = []
    for variable, value in zip(variables, own, strict=True):
        array = np.asarray(given.get(id(variable), value))
        if array.shape != value.shape:
            raise InputError(
                f"weights[{number}] has an array of shape {array.shape} for '{variable.path}', "
                f"whose shape is {value.shape}: it belongs to another model."
            )
        filled.append(array)
    return filled


def _numbers(name: str) -> list[tuple[int, float, str]]:
    """Epoch 10 comes behind epoch 9, whatever letters say."""
    parts = re.split(r"(\d+)", name)
    return [(0, float(each), "") if each.isdigit() else (1, 0.0, each) for each in parts if each]
