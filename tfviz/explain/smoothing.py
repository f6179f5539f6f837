"""Augmentation smoothing: the mean map of mirrored and scaled copies of an input.

A map of a single input carries the chance of its very pixels. Copies that mean the same to a
person, mirrored left to right and with values scaled a little, have maps that differ in this chance
and agree in the evidence. The *signed* maps are averaged, before any ReLU: what cancels is noise.

The six copies are those of `aug_smooth` in pytorch-grad-cam (mirrored or not, values times 0.9, 1
and 1.1), which averages after its ReLU and normalisation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.assembling import Found
from tfviz.explain.inputs import Batch
from tfviz.model.shapes import channels_stand_first

FACTORS = (0.9, 1.0, 1.1)
# Signals are not mirrored: reversed in time they mean something else.
FEWEST_MIRRORED_AXES = 4


def smoothed(found: Found, batch: Batch, explain: Callable[[Batch, float | None], Found]) -> Found:
    """The same with maps averaged over copies of the inputs.

    Args:
        found: Of the inputs as they are.
        batch: The inputs.
        explain: Signed maps of other inputs for the same targets; gets the width of the inputs
            where they are mirrored, for targets that hold places, and None where they aren't.

    Raises:
        InputError: When no input has places and floating-point values.
    """
    if not any(_pictured(spec) for spec in keras.tree.flatten(batch.specs)):
        raise InputError(
            "smooth=True mirrors and scales pictures or signals, and this model's inputs are "
            "integers or have no places: leave it out."
        )
    flipped = [_mirrored(spec) for spec in keras.tree.flatten(batch.specs)]
    width = next(
        (_width(spec) for spec in keras.tree.flatten(batch.specs) if _mirrored(spec)), None
    )
    totals = [maps.astype(np.float64) for maps in found.maps]
    counts = [1] * len(totals)
    for mirrored in (False, True) if any(flipped) else (False,):
        for factor in FACTORS:
            if factor == 1 and not mirrored:
                continue  # as it is: `found`
            other = explain(_copy(batch, factor, mirrored), width if mirrored else None)
            for i, spot in enumerate(found.facts.spots):
                own = mirrored and spot.source < len(flipped) and flipped[spot.source]
                if own and other.maps[i].ndim < 3:
                    continue  # a map that is no picture can't be mirrored back
                totals[i] += other.maps[i][..., ::-1] if own else other.maps[i]
                counts[i] += 1
    maps = tuple(
        (total / count).astype(np.float32) for total, count in zip(totals, counts, strict=True)
    )
    return replace(found, maps=maps)


def _pictured(spec: tf.TensorSpec) -> bool:
    return spec.dtype.is_floating and len(spec.shape) > 2


def _mirrored(spec: tf.TensorSpec) -> bool:
    return _pictured(spec) and len(spec.shape) >= FEWEST_MIRRORED_AXES


def _width(spec: tf.TensorSpec) -> float:
    shape = tuple(spec.shape)
    return float(shape[-1] if channels_stand_first(shape[1:]) else shape[-2])


def _copy(batch: Batch, factor: float, mirrored: bool) -> Batch:
    def changed(spec: tf.TensorSpec, array: Any) -> Any:
        if not _pictured(spec):
            return array
        values = np.asarray(array).astype(spec.dtype.as_numpy_dtype) * factor
        if mirrored and _mirrored(spec):
            first = channels_stand_first(values.shape[1:])
            values = np.flip(values, -1 if first else -2)
        return values.astype(spec.dtype.as_numpy_dtype)

    arrays = keras.tree.map_structure(changed, batch.specs, batch.arrays)
    return Batch(arrays, batch.count, batch.specs)
