"""From what people write for a layer, or for several joined ones, to paths."""

from __future__ import annotations

from typing import Any

from tfviz.errors import LayerError
from tfviz.model.tree import find, walk

AUTO = "auto"
# TensorFlow allows it in no layer's name.
JOINER = "+"


def paths_of(model: Any, layer: Any) -> tuple[str | None, ...]:
    """Paths of the layers to explain at.

    Args:
        model: A `keras.Model`.
        layer: None or 'auto', a path or name, a layer; a list or tuple of these, or names joined
            by '+'.

    Returns:
        One path each, None where the layer is to be chosen.

    Raises:
        LayerError: When a layer doesn't exist or is named twice.
    """
    if hasattr(layer, "shape") and hasattr(layer, "dtype") and not hasattr(layer, "name"):
        raise LayerError(
            f"layer= is an array of shape {tuple(layer.shape)}: inputs go into the call, "
            f"GradCAM(model)(inputs), and not into the constructor."
        )
    nodes = walk(model)
    if isinstance(layer, str) and JOINER in layer:
        layer = [each.strip() for each in layer.split(JOINER)]
    several = layer if isinstance(layer, (list, tuple)) else [layer]
    if not several:
        raise LayerError("layer= is an empty list: name a layer, or give None to have one chosen.")
    paths = tuple(
        None
        if each is None or (isinstance(each, str) and each == AUTO)
        else find(nodes, each, model).path
        for each in several
    )
    for path in paths:
        if paths.count(path) > 1:
            raise LayerError(f"Layer '{path or AUTO}' is joined with itself: name different ones.")
    return paths
