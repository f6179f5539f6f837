"""Models, layers, optimizers and losses in a few words."""

from __future__ import annotations

from typing import Any

from tfviz.doctor.live import tensors
from tfviz.doctor.live.description import Description, shown
from tfviz.doctor.live.safely import known, maybe

# What says most of a layer, by the names Keras gives it.
_SETTINGS = ("units", "filters", "kernel_size", "strides", "padding", "axis", "rate", "target_shape",
             "input_dim", "output_dim", "num_heads", "key_dim", "pool_size")  # fmt: skip
_OF_TORCH = ("in_features", "out_features", "in_channels", "out_channels", "kernel_size", "stride",
             "padding", "num_embeddings", "embedding_dim", "num_features")  # fmt: skip
MOST_SETTINGS = 4


def model(value: Any, most: int) -> Description:
    """A model of Keras: its name, what goes in and what comes out."""
    ends = _ends(value, "inputs", "outputs")
    if not ends:
        count = len(maybe(value, "_layers") or ())
        ends = (
            ["not built yet"]
            if maybe(value, "built") is False
            else [f"{count} layer{'s' * (count != 1)}"]
        )
    return Description(_named(value), note=", ".join(ends), final=True)


def layer(value: Any, most: int) -> Description:
    """A layer of Keras: its name, its settings, what goes in and what comes out."""
    settings = []
    for name in _SETTINGS:
        found = maybe(value, name)
        if type(found) in (int, str, tuple) or (type(found) is float and name == "rate"):
            settings.append(f"{name} {found}")
    ends = _ends(value, "input", "output")
    if not ends:
        weights = [
            each for each in maybe(value, "_trainable_variables", ()) if maybe(each, "shape")
        ]
        if weights:
            ends = [f"{maybe(weights[0], 'name', 'weights')} {tuple(maybe(weights[0], 'shape'))}"]
        elif maybe(value, "built") is False:
            ends = ["not built yet"]
    return Description(
        _named(value), note=", ".join([*settings[:MOST_SETTINGS], *ends]), final=True
    )


def _named(value: Any) -> str:
    name = maybe(value, "name")
    return f"{type(value).__name__} {name!r}" if type(name) is str else type(value).__name__


def _ends(value: Any, *names: str) -> list[str]:
    """'input (None, 3)' and 'output (None, 10)', as far as they are known."""
    said = []
    for name in names:
        # The property of a layer that was never called raises.
        text = _shapes(maybe(value, name))
        if not text and name == "input":
            built = maybe(value, "_build_shapes_dict")
            only = (
                next(iter(built.values())) if isinstance(built, dict) and len(built) == 1 else None
            )
            # Its first axis is the batch that happened to come first.
            text = str((None, *only[1:])) if type(only) is tuple and len(only) > 1 else ""
        said += [f"{name.removesuffix('s')} {text}"] if text else []
    return said


def _shapes(found: Any) -> str:
    if isinstance(found, list | tuple):
        return ", ".join(filter(None, (_shapes(each) for each in found[:MOST_SETTINGS])))
    if isinstance(found, dict):
        return ", ".join(
            f"{key!r} {_shapes(each)}" for key, each in list(found.items())[:MOST_SETTINGS]
        )
    shape = maybe(found, "shape")
    return "" if shape is None else str(tuple(shape))


def optimizer(value: Any, most: int) -> Description:
    """An optimizer and its learning rate."""
    rate = maybe(value, "_learning_rate")
    note = ""
    if rate is not None:
        numbers = (
            tensors.keras_variable(rate, most).statistics if hasattr(type(rate), "assign") else None
        )
        if numbers is not None and numbers.low is not None:
            note = f"learning rate {shown(numbers.low)}"
        elif known(rate):
            note = f"learning rate by {type(rate).__name__}"
    return Description(type(value).__name__, note=note, final=True)


def loss(value: Any, most: int) -> Description:
    """A loss or metric, and whether it takes logits."""
    settings = maybe(value, "_fn_kwargs")
    note = ""
    if type(settings) is dict and "from_logits" in settings:
        note = f"from_logits={settings['from_logits'] is True}"
    return Description(_named(value), note=note, final=True)


def torch_module(value: Any, most: int) -> Description:
    """A module of torch: its settings, or how many modules are in it."""
    settings = [
        f"{name} {found}"
        for name in _OF_TORCH
        if type(found := maybe(value, name)) in (int, tuple, str)
    ]
    inner = maybe(value, "_modules")
    if not settings and isinstance(inner, dict) and inner:
        settings = [f"{len(inner)} modules"]
    mode = "" if maybe(value, "training", True) else "in evaluation mode"
    return Description(
        type(value).__name__,
        note=", ".join(filter(None, [*settings[:MOST_SETTINGS], mode])),
        final=True,
    )
