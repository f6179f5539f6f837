"""Where each of PyTorch's tensors goes in a Keras model, and how its axes turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfviz.errors import LayerError, ModelError, nearest
from tfviz.model.tree import Node, children, walk

# For each kind of layer: PyTorch's name of a tensor, Keras's, and the order of axes to bring the
# first into the second. Batch normalisation counts what is kept of the running values with
# `momentum` in Keras and what is new in PyTorch; that is a setting, not a weight.
_BIAS = ("bias", "bias", (0,))
_NORM = (("weight", "gamma", (0,)), ("bias", "beta", (0,)))
_RUNNING = (("running_mean", "moving_mean", (0,)), ("running_var", "moving_variance", (0,)))
KINDS: dict[str, tuple[tuple[str, str, tuple[int, ...]], ...]] = {
    "DepthwiseConv2D": (("weight", "kernel", (2, 3, 0, 1)), _BIAS),
    "Conv1D": (("weight", "kernel", (2, 1, 0)), _BIAS),
    "Conv2D": (("weight", "kernel", (2, 3, 1, 0)), _BIAS),
    "Conv3D": (("weight", "kernel", (2, 3, 4, 1, 0)), _BIAS),
    # PyTorch keeps input channels first here, Keras last: the same turn as for Conv2D.
    "Conv2DTranspose": (("weight", "kernel", (2, 3, 1, 0)), _BIAS),
    "Dense": (("weight", "kernel", (1, 0)), _BIAS),
    "BatchNormalization": (*_NORM, *_RUNNING),
    "LayerNormalization": _NORM,
    "GroupNormalization": _NORM,
    "Embedding": (("weight", "embeddings", (0, 1)),),
}


@dataclass(frozen=True, eq=False)
class Slot:
    """One weight of a Keras model and the tensor that belongs there.

    Attributes:
        key: PyTorch's name of the tensor.
        module: PyTorch's name of the module it is part of.
        path: The Keras layer, from the model down.
        shape: That the tensor must have, in PyTorch's order of axes.
        variable: The weight.
        axes: The order that brings the tensor's axes into the weight's.
    """

    key: str
    module: str
    path: str
    shape: tuple[int, ...]
    variable: Any
    axes: tuple[int, ...]

    def turned(self, values: np.ndarray) -> np.ndarray:
        """A tensor in the weight's order of axes, float32 or the weight's own type.

        Args:
            values: Of `shape`.
        """
        wanted: tuple[int, ...] = tuple(self.variable.shape)
        # A depthwise kernel with several filters a channel has them in one axis in PyTorch.
        if len(self.axes) == 4 and self.axes == (2, 3, 0, 1):
            values = values.reshape(wanted[2], wanted[3], *values.shape[2:])
        turned = np.transpose(values, self.axes)
        return np.ascontiguousarray(turned, dtype=np.float32)

    def values(self) -> np.ndarray:
        """The weight as it is now, float32 in its own order of axes."""
        return np.asarray(keras.ops.convert_to_numpy(self.variable), np.float32)


def slots_of(model: Any, names: Mapping[str, str] | None = None) -> list[Slot]:
    """All weights of a model with the names they have in a state dict.

    A layer is taken to carry the name of PyTorch's module, as those of `tfviz.zoo` do.

    Args:
        model: A `keras.Model` whose weights exist.
        names: For layers that don't: their name or path in the model, to PyTorch's module.

    Raises:
        ModelError: When the model isn't built or a layer's weights have no form in PyTorch.
        LayerError: When `names` speaks of a layer that isn't there.
    """
    if not getattr(model, "built", False) or not model.weights:
        raise ModelError(
            f"Model '{getattr(model, 'name', model)}' has no weights yet: call it once on a photo, "
            f"or give it a keras.Input."
        )
    nodes = [node for node in walk(model) if _has_own_weights(node.operation)]
    called = _modules(nodes, names or {}, model)
    slots: list[Slot] = []
    for node in nodes:
        kind = _kind(node.operation)
        if kind is None:
            raise ModelError(
                f"Layer '{node.path}' ({type(node.operation).__name__}) has weights whose form in "
                f"PyTorch isn't known: known are {', '.join(KINDS)}. Set it by hand with "
                f"layer.set_weights, and load the rest into a model without it."
            )
        module = called[node.path]
        for torch_name, keras_name, axes in KINDS[kind]:
            variable = getattr(node.operation, keras_name, None)
            if variable is not None:
                shape = _torch_shape(tuple(variable.shape), axes)
                key = f"{module}.{torch_name}"
                slots.append(Slot(key, module, node.path, shape, variable, axes))
    return slots


def _modules(nodes: list[Node], names: Mapping[str, str], model: Any) -> dict[str, str]:
    """PyTorch's name for each layer: given, or its own, or its path where that isn't its alone."""
    own = [node.operation.name for node in nodes]
    known = {node.path for node in nodes} | set(own)
    for name in names:
        if name not in known:
            raise LayerError(
                f"names= speaks of layer '{name}', and model '{model.name}' has no such layer with "
                f"weights.{nearest(name, known)}"
            )
    called: dict[str, str] = {}
    for node in nodes:
        name = node.operation.name
        path = node.path.replace("/", ".")
        called[node.path] = names.get(node.path) or names.get(
            name, name if own.count(name) == 1 else path
        )
    return called


def _has_own_weights(operation: Any) -> bool:
    return bool(getattr(operation, "weights", None)) and not children(operation)


def _kind(operation: Any) -> str | None:
    return next((c.__name__ for c in type(operation).__mro__ if c.__name__ in KINDS), None)


def _torch_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    if axes == (2, 3, 0, 1):
        return (shape[2] * shape[3], 1, shape[0], shape[1])
    back = [0] * len(axes)
    for place, axis in enumerate(axes):
        back[axis] = shape[place]
    return tuple(back)
