"""A file of PyTorch's weights to a `.keras` file that knows itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfviz.errors import InputError, ModelError, OutputError, nearest
from tfviz.files.atomic import writing
from tfviz.model.backend import require_backend
from tfviz.model.card import Card, write_card
from tfviz.zoo.checkpoints.reading import Checkpoint, read_checkpoint
from tfviz.zoo.porting.likely import nearest_table
from tfviz.zoo.porting.report import Report
from tfviz.zoo.tables import TABLES, Table

SUFFIX = ".keras"


@dataclass(frozen=True)
class Converted:
    """A model that was made from PyTorch's weights.

    Attributes:
        path: The `.keras` file.
        architecture: A name in `tfviz.zoo`.
        classes: How many its head gives.
        report: What of the weights was loaded.
        card: What the file knows of itself.
    """

    path: Path
    architecture: str
    classes: int
    report: Report
    card: Card


def convert(
    file: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    to: str | None = None,
    class_names: Sequence[str] = (),
) -> Converted:
    """Make a `.keras` file from PyTorch's weights, with its `tfviz.json` inside.

    The file is an ordinary Keras model: `keras.saving.load_model` opens it without tfviz.

    Args:
        file: A `.pth`, `.pt`, `.th`, `.bin` or `.safetensors` file.
        out: The `.keras` file to write; it is whole or not there.
        to: An architecture of `tfviz.zoo`; by default the one whose weights these are.
        class_names: In the order of the outputs; by default those of ImageNet or CIFAR-10, where
            their number is theirs.

    Raises:
        ModelError: When the file can't be read, or isn't of that architecture.
        InputError: When there are not as many class names as classes.
        OutputError: When `out` can't be written to.
    """
    require_backend()
    out = Path(out)
    if out.suffix.lower() != SUFFIX:
        raise OutputError(f"'{out}' must end in {SUFFIX}, the format that carries a tfviz.json.")
    checkpoint = read_checkpoint(file)
    table = table_for(checkpoint, to)
    weight = checkpoint.tensors.get(f"{table.head}.weight")
    options: dict[str, Any] = {}
    if weight is not None and len(weight.shape) == 2:
        options["classes"] = weight.shape[0]
        if class_names and len(class_names) != weight.shape[0]:
            raise InputError(
                f"There are {len(class_names)} class names and '{checkpoint.path}' has "
                f"{weight.shape[0]} classes: give one name for each, in their order."
            )
    from tfviz.zoo.parts import card_for
    from tfviz.zoo.porting.loading import load_torch_weights

    model = table.build(**options)
    # The model's own name may differ: 'resnet50' is also one of keras.applications.
    report = replace(load_torch_weights(model, checkpoint), model=table.name)
    card = card_for(table, model.output_shape[-1], tuple(class_names))
    with writing(out) as temporary:
        model.save(temporary)
        write_card(temporary, card)
    return Converted(out, table.name, model.output_shape[-1], report, card)


def table_for(checkpoint: Checkpoint, to: str | None) -> Table:
    """The architecture that was asked for, or whose weights these are.

    Raises:
        ModelError: When there is none of the name, or none known that fits.
    """
    if to is not None:
        if to not in TABLES:
            raise ModelError(
                f"to='{to}' is no architecture of tfviz.zoo.{nearest(to, TABLES)} Known are "
                f"{', '.join(TABLES)}."
            )
        return TABLES[to]
    found = nearest_table({name: each.shape for name, each in checkpoint.tensors.items()})
    if found is None or not found.exact:
        near = f"; nearest is {found}" if found else ""
        raise ModelError(
            f"'{checkpoint.path}' holds the weights of no architecture that tfviz.zoo knows{near}. "
            f"Known are {', '.join(TABLES)}; for a model of your own: "
            f"tfviz.load_torch_weights(model, file)."
        )
    return found.table
