"""What range of pixel values a model expects, as far as it can be told.

A wrong range gives no error, only wrong answers, so who says it is part of what is found: the user,
the model's `tfviz.json`, layers inside the model, or the architecture; and where nothing does, that
it is an assumption.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.model.architectures import architecture_of, architecture_with
from tfviz.model.card import Card
from tfviz.model.tree import Node, children

# What these do can be read from them; what raw operations and Lambda layers do can't.
_SCALING_OPERATIONS = ("TrueDivide", "Divide", "Multiply", "Subtract")
# Between a scale of 1/127.5 for bytes and of 2 for values up to one.
BYTES_SCALE = 0.1
# Between the mean of bytes, about 120, and of values up to one.
BYTES_MEAN = 2.0


def find_range(
    model: Any, card: Card, nodes: list[Node], given: str | None
) -> tuple[str, str, bool]:
    """The value range that a model expects, who says so, and whether it is assumed.

    Args:
        model: A `keras.Model`.
        card: What is known of it.
        nodes: Its layers.
        given: What the user says; None to find out.
    """
    if given is not None:
        return given, "given", False
    if card.value_range is not None:
        return card.value_range, f"from {card.source or 'its card'}", False
    first = _first_scaling(nodes)
    if first is not None:
        return _of_layer(first)
    for name in names_of(model, nodes):
        known = architecture_of(name)
        if known is not None:
            # It scales inside where it can, so here this was switched off.
            expected = known.bare or known.value_range
            return expected, f"as keras.applications.{known.name} was trained", False
    known = architecture_with({node.operation.name for node in nodes})
    if known is not None:
        return known.value_range, f"as keras.applications.{known.name}, whose layers it has", False
    return "0-1", "assumed: nothing in the model tells its range", True


def names_of(model: Any, nodes: list[Node]) -> list[str]:
    """Names of the model and of the models inside it."""
    return [model.name, *(each.operation.name for each in nodes if children(each.operation))]


def _first_scaling(nodes: list[Node]) -> Node | None:
    """What scales pixel values before anything with weights sees them."""
    for node in nodes:
        operation, kind = node.operation, type(node.operation).__name__
        if children(operation):
            continue
        if kind in ("Rescaling", "Normalization", "Lambda", *_SCALING_OPERATIONS):
            return node
        if getattr(operation, "weights", None):
            return None
    return None


def _of_layer(node: Node) -> tuple[str, str, bool]:
    operation, kind = node.operation, type(node.operation).__name__
    bytes_in: bool | None = None
    if kind == "Rescaling":
        bytes_in = bool(np.max(np.abs(np.asarray(operation.scale, float))) < BYTES_SCALE)
    elif kind == "Normalization" and getattr(operation, "mean", None) is not None:
        bytes_in = bool(np.max(np.abs(np.asarray(operation.mean, float))) > BYTES_MEAN)
    if bytes_in is None:
        return "none", f"assumed: '{node.path}' ({kind}) at the start seems to scale them", True
    if bytes_in:
        return "none", f"'{node.path}' inside the model scales 0 to 255 itself", False
    return "0-1", f"'{node.path}' inside the model expects 0 to 1", False
