"""Directions in the space of weights: filter-normalised random ones, and those a training took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.model.tree import walk

IGNORED = ("biasbn", "none")


@dataclass(frozen=True, eq=False)
class Principal:
    """The principal components of a set of weights.

    Attributes:
        directions: Two lists of arrays, each of norm 1 as a whole, in the shapes of the weights.
        explained: Which share of the variance each of all components explains, the largest first.
        coordinates: (sets, 2): each set of weights, seen from the last one.
        off_plane: (sets,): how far each lies from the plane.
    """

    directions: tuple[list[np.ndarray], list[np.ndarray]]
    explained: tuple[float, ...]
    coordinates: np.ndarray
    off_plane: np.ndarray


def filter_axes(layer: Any, variable: Any) -> tuple[int, ...]:
    """The axes of a kernel that count its filters; its other axes are within a filter.

    A filter is what makes one output: in Keras the last axis of a kernel. A depthwise kernel has
    one for each input channel and multiplier, a transposed convolution has its outputs last but
    one, and of an embedding each row counts by itself.

    Args:
        layer: The layer that the variable belongs to; None where that isn't known.
        variable: The variable.

    Returns:
        Axes counted from the end; none for vectors.
    """
    rank = len(variable.shape)
    if rank < 2:
        return ()
    kind = type(layer).__name__
    if rank == 4 and (kind == "DepthwiseConv2D" or "depthwise" in variable.name):
        return (-2, -1)
    if rank == 3 and (kind == "DepthwiseConv1D" or "depthwise" in variable.name):
        return (-2, -1)
    if kind.startswith("Conv") and kind.endswith("Transpose"):
        return (-2,)
    if kind == "Embedding":
        return (-2,)
    return (-1,)


def filter_norms(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The norm of each filter, with the filter's own axes kept as 1.

    Args:
        array: A kernel.
        axes: Those that count filters, from the end.
    """
    within = tuple(i for i in range(array.ndim) if i - array.ndim not in axes)
    squares = np.square(array, dtype=np.float64)
    return np.sqrt(squares.sum(axis=within, keepdims=True))


def random_direction(
    model: Any, variables: Sequence[Any], random: np.random.Generator, ignore: str = "biasbn"
) -> list[np.ndarray]:
    """A normally distributed direction, each filter of it as long as the model's own filter.

    Args:
        model: The model.
        variables: Its trainable variables.
        random: Where the numbers come from.
        ignore: 'biasbn' leaves vectors (biases, the scales of normalisation) where they are, as
            the paper's pictures do; 'none' moves them too, each vector as one filter.

    Returns:
        An array for each variable, float32.

    Source: H. Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018, section 4.
    """
    if ignore not in IGNORED:
        raise InputError(f"ignore {ignore!r} is unknown: it is one of {', '.join(IGNORED)}.")
    layers = _layers(model)
    made = []
    for each in variables:
        own = each.numpy().astype(np.float64)
        drawn = random.standard_normal(own.shape)
        axes = filter_axes(layers.get(each.path), each)
        if not axes and ignore == "biasbn":
            drawn[...] = 0
        else:
            length = filter_norms(drawn, axes)
            drawn *= filter_norms(own, axes) / np.where(length > 0, length, 1)
        made.append(drawn.astype(np.float32))
    return made


def principal(sets: Sequence[Sequence[np.ndarray]]) -> Principal:
    """The two directions along which sets of weights differ most, through the last of them.

    Args:
        sets: At least three sets of weights, the last being the end of the training.

    Raises:
        InputError: When there are too few, or they are all alike.

    Source: Li et al. 2018, section 7: the principal components of the steps theta_i - theta_n.
    """
    if len(sets) < 3:
        raise InputError(
            f"A plane through a training needs at least 3 sets of weights, and {len(sets)} were "
            f"given: save weights while training (keras.callbacks.ModelCheckpoint("
            f"'weights/{{epoch:03d}}.weights.h5', save_weights_only=True))."
        )
    last = _flat(sets[-1])
    steps = np.stack([_flat(each) - last for each in sets])
    centred = steps - steps.mean(axis=0)
    # Of few sets and many weights the inner products are the small way to the components.
    variances, mixtures = np.linalg.eigh(centred @ centred.T)
    order = np.argsort(variances)[::-1]
    variances, mixtures = np.maximum(variances[order], 0), mixtures[:, order]
    total = float(variances.sum())
    if total <= 0 or not math.isfinite(total):
        raise InputError(
            "The sets of weights are all the same, so that nothing shows where the training went."
        )
    found = []
    for i in range(2):
        direction = centred.T @ mixtures[:, i]
        length = float(np.linalg.norm(direction))
        if length <= 1e-7 * math.sqrt(total):
            raise InputError(
                "The sets of weights lie on one line, and two directions are needed: give weights "
                "of more steps, or dimensions=1 (--dimensions 1)."
            )
        direction /= length
        # A component has no sign of its own: the training shall come from the left, from below.
        found.append(-direction if steps[0] @ direction > 0 else direction)
    axes = np.stack(found)
    coordinates = steps @ axes.T
    off = np.linalg.norm(steps - coordinates @ axes, axis=1)
    shapes = [each.shape for each in sets[-1]]
    unpacked = tuple(_unflat(each, shapes) for each in axes)
    return Principal(
        (unpacked[0], unpacked[1]), tuple(float(v) / total for v in variances), coordinates, off
    )


def _layers(model: Any) -> dict[str, Any]:
    """Variable path to the innermost layer that holds it."""
    found: dict[str, Any] = {}
    for node in walk(model):
        for each in getattr(node.operation, "variables", ()):
            found[each.path] = node.operation
    return found


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.asarray(each, np.float64).reshape(-1) for each in arrays])


def _unflat(flat: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    found, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        found.append(flat[start : start + size].reshape(shape).astype(np.float32))
        start += size
    return found
