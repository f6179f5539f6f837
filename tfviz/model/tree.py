"""The layers and operations inside a model, each with its path from the top.

Keras offers no public way to list the layers inside a custom layer, and `model.layers` leaves out
operations such as `keras.ops.relu` in a functional model. This is the one place that looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tfviz.errors import LayerError, nearest


@dataclass(frozen=True)
class Node:
    """One layer or operation of a model.

    Attributes:
        path: Names from the model down, joined by '/': `base/block5/conv`.
        operation: The `keras.layers.Layer` or `keras.Operation` itself.
        depth: 1 for what the model holds directly.
    """

    path: str
    operation: Any
    depth: int


def children(operation: Any) -> list[Any]:
    """What a model or layer directly consists of, each once, in the order it was created."""
    found: list[Any] = []
    # Functional models list their operations, which `layers` leaves out. Public since Keras 3.0.
    found += getattr(operation, "operations", None) or []
    # Private: seen to work in Keras 3.12 to 3.15. `layers` exists on models only, and custom
    # layers may hold layers too.
    flatten = getattr(operation, "_flatten_layers", None)
    if flatten is not None:
        found += flatten(include_self=False, recursive=False)
    unique = {id(each): each for each in found if each is not operation}
    return list(unique.values())


def walk(model: Any) -> list[Node]:
    """All layers and operations of a model, outer before inner, each once.

    A layer that is used in two places is listed under the first. Layers of equal name below one
    parent are told apart by '#2', '#3', ...
    """
    nodes: list[Node] = []
    seen = {id(model)}

    def visit(parent: Any, prefix: str, depth: int) -> None:
        used: dict[str, int] = {}
        for child in children(parent):
            if id(child) in seen:
                continue
            seen.add(id(child))
            name = child.name
            used[name] = used.get(name, 0) + 1
            if used[name] > 1:
                name = f"{name}#{used[name]}"
            path = f"{prefix}{name}"
            nodes.append(Node(path, child, depth))
            visit(child, f"{path}/", depth + 1)

    visit(model, "", 1)
    return nodes


def find(nodes: list[Node], wanted: Any, model: Any) -> Node:
    """The node for a path, a name that occurs once, or a layer object.

    Raises:
        LayerError: When there is no such layer, or the name occurs more than once.
    """
    if not isinstance(wanted, str):
        for node in nodes:
            if node.operation is wanted:
                return node
        if wanted is model:
            raise LayerError("layer= is the model itself; name one of the layers inside it.")
        raise LayerError(
            f"The layer {getattr(wanted, 'name', wanted)!r} given as layer= is not part of model "
            f"'{model.name}'. Pass a layer of this model, its name or its path."
        )
    for node in nodes:
        if node.path == wanted:
            return node
    named = [node for node in nodes if node.path.rsplit("/", 1)[-1] == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        paths = ", ".join(f"'{node.path}'" for node in named[:6])
        raise LayerError(
            f"The name '{wanted}' belongs to {len(named)} layers: {paths}. Give the path of one."
        )
    hint = nearest(wanted, _names(nodes))
    raise LayerError(
        f"Model '{model.name}' has no layer '{wanted}'.{hint} "
        f"`tfviz layers MODEL` lists those that can give a map."
    )


def _names(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        yield node.path
        if "/" in node.path:
            yield node.path.rsplit("/", 1)[-1]
