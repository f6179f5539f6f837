"""Writing a trained model with its card: class names, input size, resize, value range."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from tfviz.errors import InputError, OutputError, nearest
from tfviz.files.atomic import writing
from tfviz.model.card import RESIZES, VALUE_RANGES, Card, card_of, remember, write_card
from tfviz.train.average import WeightAverage

FORMATS = (".keras", ".h5")


def save_model(
    model: Any,
    path: Path,
    *,
    labels: Sequence[str] | None,
    input_size: tuple[int, int] | None,
    resize: str | None,
    value_range: str | None,
    knows: str,
    average: WeightAverage | None,
) -> Path:
    """Write a model and its card; the arguments are those of `Trainer.save`.

    Raises:
        InputError: When the card can't be right for the model.
        OutputError: When the place can't be written to.
    """
    if path.suffix not in FORMATS:
        raise OutputError(
            f"'{path}' must end in .keras (or .h5), Keras's formats of a whole model."
        )
    card = _card(model, labels, input_size, resize, value_range, knows)
    swapped = contextlib.nullcontext() if average is None else average.swapped()
    with swapped, writing(path) as temporary:
        model.save(temporary)
        if path.suffix == ".keras":
            write_card(temporary, card)
    if path.suffix != ".keras":
        write_card(path, card)
    remember(model, card)
    return path


def _card(
    model: Any,
    labels: Sequence[str] | None,
    input_size: tuple[int, int] | None,
    resize: str | None,
    value_range: str | None,
    knows: str,
) -> Card:
    for name, given, known in (
        ("resize", resize, RESIZES),
        ("value_range", value_range, VALUE_RANGES),
    ):
        if given is not None and given not in known:
            raise InputError(
                f"{name}={given!r} is unknown: it is one of {', '.join(known)}."
                f"{nearest(given, known)}"
            )
    if labels is not None:
        _require_fitting(model, list(labels))
    card = card_of(model)
    changes: dict[str, Any] = {
        "class_names": None if labels is None else tuple(map(str, labels)),
        "input_size": input_size or _size_of(model),
        "resize": resize,
        "value_range": value_range,
        "knows": knows or None,
    }
    return replace(card, **{name: value for name, value in changes.items() if value is not None})


def _require_fitting(model: Any, labels: list[str]) -> None:
    if isinstance(labels, str) or not all(isinstance(each, str) for each in labels):
        raise InputError(f"labels={labels!r} must be a list of names, one for each output unit.")
    units = _last(getattr(model, "output_shape", None))
    # One unit tells two classes apart.
    if units is not None and len(labels) != units and not (units == 1 and len(labels) == 2):
        raise InputError(
            f"labels= has {len(labels)} names, and the model's output has {units} units: give one "
            f"name for each, in their order."
        )


def _last(shape: Any) -> int | None:
    if isinstance(shape, tuple) and shape and isinstance(shape[-1], (int, type(None))):
        return shape[-1]
    return None


def _size_of(model: Any) -> tuple[int, int] | None:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or not isinstance(shape[-1], int):
        return None
    first = keras.config.image_data_format() == "channels_first"
    height, width = shape[2:] if first else shape[1:3]
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None
