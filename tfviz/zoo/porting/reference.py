"""What a network answered, stage by stage: the measure that another one is held against."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfviz.errors import InputError, ModelError
from tfviz.files.atomic import writing
from tfviz.model.backend import require_keras_model
from tfviz.model.tap import listening
from tfviz.model.tree import Node, walk
from tfviz.zoo.checkpoints.refusal import printable
from tfviz.zoo.tables import TABLES

STAGE = "stage/"
# What NumPy says of a damaged file can quote it.
LONGEST_QUOTED = 200


@dataclass(frozen=True, eq=False)
class Reference:
    """What a network answered to an input.

    Attributes:
        inputs: (batch, height, width, channels) float32.
        output: What the network gave, (batch, classes) float32.
        stages: What its parts gave on the way, in order of execution, channels last.
        photo: (height, width, 3) uint8, what the input was made from; None when that isn't known.
        source: Where it comes from, in words.
    """

    inputs: np.ndarray
    output: np.ndarray
    stages: dict[str, np.ndarray] = field(default_factory=dict)
    photo: np.ndarray | None = None
    source: str = ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it as .npz, which `read_reference` reads.

        Raises:
            OutputError: When the place can't be written to.
        """
        path = Path(path)
        parts: dict[str, Any] = {f"{STAGE}{name}": each for name, each in self.stages.items()}
        if self.photo is not None:
            parts["photo"] = self.photo
        with writing(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file, layout="channels_last", input=self.inputs, output=self.output, **parts
            )
        return path


def read_reference(path: str | os.PathLike[str]) -> Reference:
    """A reference from a file.

    Args:
        path: A .npz file with `input`, `output`, `stage/NAME` for each stage and perhaps `photo`,
            in PyTorch's order of axes unless `layout` says 'channels_last'.

    Raises:
        InputError: When it is no such file.
    """
    path = Path(path)
    try:
        # A pipe would be waited for, without an end.
        if path.exists() and not path.is_file():
            raise OSError("it is no ordinary file")
        with np.load(path, allow_pickle=False) as archive:
            parts = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise InputError(f"There is no reference '{path}'.") from None
    # NumPy, zipfile and zlib each raise their own, and MemoryError where a header claims too much.
    except Exception as error:
        raise InputError(
            f"'{path}' is no reference (.npz of numbers), or was cut short: "
            f"{printable(str(error).rstrip('.') or type(error).__name__, LONGEST_QUOTED)}. "
            f"`tfviz weights verify --recipe` prints how to make one."
        ) from error
    for name in ("input", "output"):
        if name not in parts:
            raise InputError(
                f"'{path}' has no '{name}' and can't serve as a reference: it holds "
                f"{', '.join(list(parts)[:6]) or 'nothing'}. `tfviz weights verify --recipe` "
                f"prints how to make one."
            )
    for name, each in parts.items():
        used = name in ("input", "output", "photo") or name.startswith(STAGE)
        if used and each.dtype.kind not in "fiub":
            raise InputError(
                f"'{path}' has '{printable(name)}' of type {each.dtype}, and real numbers are "
                f"compared."
            )
    for name in ("input", "output"):
        if not np.isfinite(parts[name]).all() or not parts[name].size:
            raise InputError(
                f"'{path}' has values in '{name}' that are no numbers, or none at all: nothing can "
                f"be equal to it. Make it again with another photo."
            )
    last = str(parts.get("layout", "")) == "channels_last"
    stages = {name.removeprefix(STAGE): a for name, a in parts.items() if name.startswith(STAGE)}
    return Reference(
        _last(parts["input"], last),
        _last(parts["output"], last),
        {name: _last(each, last) for name, each in stages.items()},
        parts.get("photo"),
        str(path),
    )


def _last(array: np.ndarray, already: bool) -> np.ndarray:
    """Channels last, and without the places that pooling leaves in PyTorch: (batch, c, 1, 1)."""
    array = np.asarray(array, np.float32)
    return array if already or array.ndim != 4 else np.moveaxis(array, 1, -1)


def reference_of(
    model: Any,
    inputs: np.ndarray,
    *,
    stages: Iterable[str] | None = None,
    photo: np.ndarray | None = None,
) -> Reference:
    """What a Keras model answers, stage by stage.

    Args:
        model: A `keras.Model` with one input and one output.
        inputs: As it takes them, (batch, height, width, channels).
        stages: Names or paths of layers, or PyTorch's modules where layers carry their names. By
            default those of its architecture in `tfviz.zoo`, or all layers with weights.
        photo: What the inputs were made from, to be kept.

    Raises:
        ModelError: When the model can't be called on the inputs, or has several outputs.
    """
    require_keras_model(model)
    batch = np.asarray(inputs, np.float32)
    nodes = _stages_of(model, stages)
    try:
        with listening([node.operation for node in nodes.values()]) as calls:
            output = model(batch, training=False)
    except Exception as error:  # Keras raises whatever its layers raise
        raise ModelError(
            f"Model '{model.name}' can't be called on an input of shape {batch.shape}: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
    if isinstance(output, (Mapping, list, tuple)):
        raise ModelError(f"Model '{model.name}' has several outputs: compare models with one.")
    heard: dict[str, np.ndarray] = {}
    # In order of execution, which is that of their ends.
    for call in calls:
        for name, node in nodes.items():
            if node.operation is call.operation and call.outputs:
                heard.setdefault(name, np.asarray(call.outputs[0], np.float32))
    answer = np.asarray(keras.ops.convert_to_numpy(output), np.float32)
    return Reference(batch, answer, heard, photo, f"model '{model.name}'")


def _stages_of(model: Any, wanted: Iterable[str] | None) -> dict[str, Node]:
    nodes = walk(model)
    names: dict[str, Node] = {}
    for node in nodes:
        names.setdefault(node.operation.name, node)
    for node in nodes:
        names[node.path.replace("/", ".")] = names[node.path] = node
    if wanted is None:
        known = [table for table in TABLES.values() if set(table.stages) <= names.keys()]
        if known:
            wanted = max(known, key=lambda table: len(table.stages)).stages
        else:
            wanted = [node.path for node in nodes if getattr(node.operation, "weights", None)]
    return {name: names[name] for name in wanted if name in names}
