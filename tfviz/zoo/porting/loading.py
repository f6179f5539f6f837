"""PyTorch's weights into a Keras model: all that was promised, or nothing at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfviz.errors import ModelError
from tfviz.model.backend import require_keras_model
from tfviz.zoo.checkpoints.reading import Checkpoint, read_checkpoint
from tfviz.zoo.porting.likely import COUNTER, likely_reason, nearest_table
from tfviz.zoo.porting.report import Report, SameWeights
from tfviz.zoo.porting.slots import Slot, slots_of


def load_torch_weights(
    model: Any,
    file: str | os.PathLike[str] | Checkpoint,
    *,
    strict: bool = True,
    skip_head: bool = False,
    names: Mapping[str, str] | None = None,
) -> Report:
    """Load PyTorch's weights into a Keras model, without PyTorch.

    Kernels are brought into Keras's order of axes, running statistics into the batch norms. Whether
    the model then computes what PyTorch's does is another matter (padding, epsilon): the models of
    `tfviz.zoo` do, and `tfviz.zoo.verify` tells.

    Args:
        model: A `keras.Model` whose layers carry the names of PyTorch's modules.
        file: A `.pth`, `.pt`, `.th`, `.bin` or `.safetensors` file, or one that has been opened.
        strict: Refuse when anything is missing, left over or of another shape. False loads what
            fits.
        skip_head: Leave the layer that gives the classes as it is.
        names: For layers with other names: their name or path in the model, to PyTorch's module.

    Returns:
        What was loaded and what wasn't.

    Raises:
        ModelError: When the file can't be read, or doesn't fit; the model is then as it was.
        LayerError: When `names` speaks of a layer that isn't there.
    """
    checkpoint, slots, report = _compared(model, file, skip_head, names)
    if not report.matched or (strict and not report.complete):
        raise ModelError(_refusal(report))
    wanted = set(report.matched)
    # All are read before the first is set, so that a damaged tensor leaves the model as it was.
    ready = [(slot, _values(slot, checkpoint)) for slot in slots if slot.key in wanted]
    for slot, values in ready:
        slot.variable.assign(values)
    return report


def compare_weights(
    model: Any,
    file: str | os.PathLike[str] | Checkpoint,
    *,
    skip_head: bool = False,
    names: Mapping[str, str] | None = None,
) -> Report:
    """What of a file fits a model, without loading it.

    Arguments and errors are those of `load_torch_weights`.
    """
    return _compared(model, file, skip_head, names)[2]


def verify_weights(
    model: Any,
    file: str | os.PathLike[str] | Checkpoint,
    *,
    names: Mapping[str, str] | None = None,
) -> SameWeights:
    """Compare a model's weights with those in a file, value by value.

    Args:
        model: A `keras.Model`, perhaps one that was converted from the file.
        file: PyTorch's weights.
        names: As for `load_torch_weights`.

    Raises:
        ModelError: When the file can't be read.
    """
    checkpoint, slots, report = _compared(model, file, False, names)
    apart: dict[str, float] = {}
    for slot in slots:
        if slot.key in report.matched:
            difference = np.abs(_values(slot, checkpoint) - slot.values())
            # Not `> 0`, which is False of a difference that is NaN.
            if not (difference == 0).all():
                apart[slot.key] = float(difference.max())
    return SameWeights(report, apart)


def _compared(
    model: Any,
    file: str | os.PathLike[str] | Checkpoint,
    skip_head: bool,
    names: Mapping[str, str] | None,
) -> tuple[Checkpoint, list[Slot], Report]:
    require_keras_model(model)
    checkpoint = file if isinstance(file, Checkpoint) else read_checkpoint(file)
    slots = slots_of(model, names)
    wanted = {slot.key: slot.shape for slot in slots}
    found = {name: each.shape for name, each in checkpoint.tensors.items()}
    heads = _heads(slots, found)
    skipped = _of_heads(heads, wanted, found) if skip_head else ()
    for name in skipped:
        wanted.pop(name, None)
        found.pop(name, None)
    ignored = tuple(name for name in found if name.endswith(COUNTER))
    shared = [name for name in wanted if name in found]
    report = Report(
        file=str(checkpoint.path),
        model=model.name,
        matched=tuple(name for name in shared if wanted[name] == found[name]),
        missing=tuple(name for name in wanted if name not in found),
        unexpected=tuple(n for n in found if n not in wanted and n not in ignored),
        differing=tuple((n, found[n], wanted[n]) for n in shared if wanted[n] != found[n]),
        ignored=ignored,
        skipped=skipped,
        notes=checkpoint.notes,
        reason=likely_reason(wanted, found, model=model.name, heads=heads),
    )
    return checkpoint, slots, report


def _heads(slots: list[Slot], found: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The modules that give the classes: the model's, where it has one, and the file's if known."""
    heads = []
    # The last layer with weights, in the order in which the model was built; a norm is no head.
    last = slots[-1].module
    if any(slot.module == last and len(slot.shape) > 1 for slot in slots):
        heads.append(last)
    nearest = nearest_table(found)
    if nearest is not None and nearest.table.head not in heads:
        heads.append(nearest.table.head)
    return tuple(heads)


def _of_heads(
    heads: tuple[str, ...], wanted: Mapping[str, Any], found: Mapping[str, Any]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in (*wanted, *found) if n.rpartition(".")[0] in heads))


def _values(slot: Slot, checkpoint: Checkpoint) -> np.ndarray:
    stored = checkpoint.tensors[slot.key]
    if stored.dtype.startswith("complex"):
        raise ModelError(
            f"'{checkpoint.path}' has tensor '{slot.key}' of type {stored.dtype}, and weights of "
            f"Keras layers are real."
        )
    return slot.turned(stored.array())


def _refusal(report: Report) -> str:
    why = report.reason or "nothing in it has a place there."
    if not report.matched:
        return f"'{report.file}' fits model '{report.model}' nowhere: {why}"
    counts = [
        f"{len(names)} {word}"
        for names, word in (
            (report.missing, "missing"),
            (report.unexpected, "unexpected"),
            (report.differing, "of another shape"),
        )
        if names
    ]
    return (
        f"'{report.file}' doesn't fit model '{report.model}': {', '.join(counts)} besides "
        f"{len(report.matched)} that match. Likely {why} To load what fits: "
        f"load_torch_weights(..., strict=False)."
    )
