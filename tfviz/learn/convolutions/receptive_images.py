"""The images at which the gradients of a unit are taken."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.image.geometry import to_input
from tfviz.image.reading import read_rgb
from tfviz.image.samples import SAMPLES, sample_path
from tfviz.learn.given import photo
from tfviz.model.pixels import plan_pixels

Photo = str | os.PathLike[str] | np.ndarray


def images_for(
    model: Any, images: Photo | Sequence[Photo] | None, inputs: Any
) -> tuple[np.ndarray, list[np.ndarray]]:
    """A batch for a model, float32, and what it shows, uint8; nothing of that for `inputs`.

    Args:
        model: A `keras.Model` with one image as input.
        images: Photos; None takes the samples.
        inputs: A batch as the model takes it, in place of photos.

    Raises:
        InputError: When an image is none, or both are given.
    """
    if inputs is not None:
        if images is not None:
            raise InputError("images= and inputs= were both given: give one of them.")
        batch = np.asarray(inputs, np.float32)
        if batch.ndim != 4 or not len(batch) or not np.isfinite(batch).all():
            raise InputError(
                f"inputs= has the shape {batch.shape}: give finite numbers of shape (batch, "
                "height, width, channels)."
            )
        return batch, []
    if not (images is None or isinstance(images, (os.PathLike, Iterable))):
        raise InputError(f"images {images!r} are no photos: give paths, or uint8 arrays.")
    if images is None:
        photos = [read_rgb(sample_path(each)) for each in SAMPLES]
    else:
        listed = [images] if isinstance(images, (str, os.PathLike, np.ndarray)) else images
        photos = [
            each if isinstance(each, np.ndarray) else read_rgb(photo(each)) for each in listed
        ]
        if not photos:
            raise InputError("images= is empty: give one photo or more, or leave it away.")
    shape = getattr(getattr(model, "inputs", None) and model.inputs[0], "shape", None)
    if shape is not None and len(shape) != 4:
        raise InputError(
            f"Model '{model.name}' takes {tuple(shape)}, which is no image: a receptive field "
            "needs inputs of (batch, height, width, channels)."
        )
    plan = plan_pixels(model)
    if plan.channels_first:
        raise InputError(
            f"Model '{model.name}' takes channels first; the lesson reads (height, width, "
            "channels)."
        )
    shown = [np.round(to_input(each, plan.placement(each))).astype(np.uint8) for each in photos]
    return plan.apply(photos), shown
