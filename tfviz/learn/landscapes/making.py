"""`landscape`: the loss around the weights of a model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, nearest
from tfviz.learn.given import number
from tfviz.learn.landscapes.checkpoints import read_sets
from tfviz.learn.landscapes.directions import Principal, principal, random_direction
from tfviz.learn.landscapes.evaluating import BATCHNORM, Evaluator
from tfviz.learn.landscapes.lesson import Landscape, Visit
from tfviz.learn.naming import file_stem
from tfviz.learn.steps.objective import as_batch, in_words, ready
from tfviz.model.backend import require_keras_model

DIRECTIONS = ("random", "pca")
# How far beyond the trajectory a plane through it reaches, as a share of its length.
MARGIN = 0.2


def landscape(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Any = None,
    *,
    directions: str | None = None,
    weights: Sequence[Any] = (),
    dimensions: int = 2,
    size: int = 25,
    radius: float = 1.0,
    batchnorm: str = "stored",
    ignore: str = "biasbn",
    log: bool = False,
    seed: int = 0,
    batch_size: int = 256,
    sample_weight: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> Landscape:
    """The loss on a plane through a model's weights, as inference computes it.

        print(tfviz.learn.landscape(model, x, y))

    Args:
        model: A `keras.Model`; its weights and statistics are never changed.
        x: Inputs as `evaluate` takes them.
        y: Labels in the same way.
        loss: As in `model.compile`; None takes the loss that the model is compiled with.
        directions: 'random' (filter-normalised) or 'pca' (where `weights` went); None takes 'pca'
            where weights are given.
        weights: Sets of weights in the order of training: files, or what `get_weights()` gave.
            Where they are given the centre is the last of them, and the model's own weights
            otherwise.
        dimensions: 2 for a plane, 1 for a line.
        size: So many points along each axis.
        radius: How far the axes reach: 1 moves each filter by its own length; with 'pca' it
            stretches the frame around the trajectory.
        batchnorm: 'stored' evaluates with the statistics the model has, 'recompute' measures them
            anew at each point.
        ignore: Of random directions: 'biasbn' doesn't move biases and the scales of
            normalisation, 'none' does.
        log: Draw the loss on a log scale.
        seed: For random directions.
        batch_size: Samples in memory at a time.
        sample_weight: One weight a sample.
        progress: Called with points done and points in all.

    Returns:
        A `Landscape`: print it, `.figure()`, `.save(folder)`.

    Raises:
        ModelError: When there is no loss.
        InputError: When an argument isn't what it should be.

    Source: H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the Loss Landscape of
        Neural Nets", 2018.
    """
    require_keras_model(model)
    _require_arrays(x=x, y=y, sample_weight=sample_weight)
    if isinstance(weights, (str, os.PathLike)) or not isinstance(weights, Iterable):
        raise InputError(
            f"weights {weights!r} must be a list: the sets of weights in the order of training."
        )
    weights = list(weights)
    kind = directions or ("pca" if weights else "random")
    _require(kind, weights, dimensions, size, radius, batchnorm, batch_size)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed {seed!r} must be a whole number, 0 or more.")
    parts = [x, y, sample_weight]
    batches = list(_batches(parts, batch_size))
    first_x, first_y, first_weight = _cut(parts, 0, batch_size)
    objective, _ = ready(model, first_x, first_y, loss, first_weight)
    evaluator = Evaluator(model, objective, batches, batchnorm == "recompute")
    sets = read_sets(model, weights)
    centre = [tf.constant(each) for each in sets[-1]] if sets else evaluator.values()
    trainable = list(model.trainable_variables)
    if not trainable:
        raise InputError(
            f"Model '{model.name}' has no trainable weight, so that there is nothing to move: set "
            f"layer.trainable = True."
        )
    place = {id(each): i for i, each in enumerate(model.variables)}
    moving = [[each[place[id(v)]] for v in trainable] for each in sets]
    found = principal(moving) if kind == "pca" else None
    if found is None:
        random = np.random.default_rng(seed)
        drawn = [random_direction(model, trainable, random, ignore) for _ in range(dimensions)]
    else:
        drawn = list(found.directions[:dimensions])
    along = [[tf.constant(each) for each in direction] for direction in drawn]
    axes = _axes(found, dimensions, size, radius)
    losses = _fill(evaluator, centre, along, axes, progress)
    visits = _visits(evaluator, sets, found, dimensions)
    return Landscape(
        name=file_stem(
            ["landscape", model.name],
            {
                "line": dimensions == 1,
                "pca": kind == "pca",
                "seed": seed if kind == "random" and seed else None,
            },
        ),
        model=model.name,
        loss_name="the model's own" if objective.losses is None else in_words(objective.losses),
        kind=kind,
        samples=sum(int(tf.nest.flatten(each[0])[0].shape[0]) for each in batches),
        parameters=sum(int(np.prod(each.shape)) for each in trainable),
        axes=tuple(tuple(float(v) for v in each) for each in axes),
        losses=losses,
        centre=evaluator.at(centre),
        visits=visits,
        explained=() if found is None else found.explained,
        batchnorm=batchnorm if evaluator.normalising else "none",
        ignore=ignore if kind == "random" else "none",
        log=log,
        seed=seed if kind == "random" else None,
        lengths=tuple(_length(each) for each in drawn),
    )


def _require(
    kind: str,
    weights: list[Any],
    dimensions: int,
    size: int,
    radius: float,
    batchnorm: str,
    batch_size: int,
) -> None:
    named = (("directions", kind, DIRECTIONS), ("batchnorm", batchnorm, BATCHNORM))
    for name, given, known in named:
        if given not in known:
            raise InputError(
                f"{name} {given!r} is unknown: it is one of {', '.join(known)}."
                f"{nearest(str(given), known)}"
            )
    if kind == "pca" and not weights:
        raise InputError(
            "directions='pca' needs the weights that a training went through: weights=[...] "
            "(--checkpoints 'weights/*.weights.h5')."
        )
    if dimensions not in (1, 2):
        raise InputError(f"dimensions {dimensions!r}: a picture has 1 or 2.")
    if not isinstance(size, int) or not 3 <= size <= 1001:
        raise InputError(f"size {size!r} points along an axis: give a whole number from 3 to 1001.")
    if not number(radius, "radius") > 0 or not np.isfinite(radius):
        raise InputError(f"radius {radius!r} must be a positive number.")
    if not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f"batch_size {batch_size!r} must be a positive whole number.")


def _require_arrays(**parts: Any) -> None:
    for name, part in parts.items():
        if part is None and name != "x":
            continue
        # Neither a text nor a lone number has samples.
        if isinstance(part, str) or not (isinstance(part, (list, tuple, dict)) or np.ndim(part)):
            raise InputError(
                f"{name} {part!r} holds no samples: give an array, whose first axis counts them."
            )


def _cut(parts: Sequence[Any], start: int, stop: int) -> list[Any]:
    """The samples from start to stop of each part, in whatever structure."""

    def cut(part: Any) -> Any:
        if part is None:
            return None
        if isinstance(part, list) and part and not hasattr(part[0], "shape"):
            return part[start:stop]
        return keras.tree.map_structure(lambda each: each[start:stop], part)

    return [cut(each) for each in parts]


def _batches(parts: list[Any], batch_size: int) -> Iterator[Any]:
    sizes = [len(each) for each in keras.tree.flatten([p for p in parts if p is not None])]
    if len(set(sizes)) > 1:
        raise InputError(
            f"x, y and sample_weight must hold equally many samples; here "
            f"{', '.join(map(str, sizes))}."
        )
    for start in range(0, sizes[0], batch_size):
        x, y, weight = _cut(parts, start, start + batch_size)
        yield as_batch(x, y, weight)


def _axes(found: Principal | None, dimensions: int, size: int, radius: float) -> list[np.ndarray]:
    if found is None:
        return [np.linspace(-radius, radius, size) for _ in range(dimensions)]
    axes = []
    for i in range(dimensions):
        low, high = found.coordinates[:, i].min(), found.coordinates[:, i].max()
        middle, half = (low + high) / 2, (high - low) / 2 * (1 + 2 * MARGIN) * radius
        axes.append(np.linspace(middle - half, middle + half, size))
    return axes


def _fill(
    evaluator: Evaluator,
    centre: Sequence[tf.Tensor],
    along: Sequence[Sequence[tf.Tensor]],
    axes: Sequence[np.ndarray],
    progress: Callable[[int, int], None] | None,
) -> np.ndarray:
    """The losses, rows along the second axis, columns along the first."""
    shape = tuple(len(each) for each in reversed(axes))
    losses = np.empty(shape)
    for done, index in enumerate(np.ndindex(*shape), 1):
        steps = [float(axis[i]) for axis, i in zip(axes, reversed(index), strict=True)]
        losses[index] = evaluator.at(centre, along, steps)
        if progress is not None:
            progress(done, losses.size)
    return losses


def _visits(
    evaluator: Evaluator,
    sets: Sequence[Sequence[np.ndarray]],
    found: Principal | None,
    dimensions: int,
) -> tuple[Visit, ...]:
    """Where the training was, with the loss it really had there."""
    if found is None:
        return ()
    visits = []
    for i, each in enumerate(sets):
        loss = evaluator.at([tf.constant(value) for value in each])
        at = tuple(float(v) for v in found.coordinates[i][:dimensions])
        visits.append(Visit(at, loss, float(found.off_plane[i])))
    return tuple(visits)


def _length(direction: Sequence[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(each, dtype=np.float64)) for each in direction)))
