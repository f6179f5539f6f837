"""From photos to what a model takes: size, channels and the range of pixel values.

A wrong range gives no error, only wrong answers. So where it comes from is part of the result:
given by the user, told by the model's `tfviz.json`, done by layers inside the model, known for an
architecture of `keras.applications`, or, when nothing tells, assumed and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfviz.errors import InputError
from tfviz.image.geometry import Placement, place, to_input
from tfviz.model.architectures import architecture_of
from tfviz.model.card import RESIZES, VALUE_RANGES, Card, card_of
from tfviz.model.ranges import find_range, names_of
from tfviz.model.shapes import channels_stand_first
from tfviz.model.tree import Node, walk

# Of the 1.28 million ImageNet training photos, in 0..255 BGR and 0..1 RGB; the constants of
# keras.applications.imagenet_utils.preprocess_input.
CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)
TORCH_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
TORCH_STD = np.array([0.229, 0.224, 0.225], np.float32)
# ITU-R BT.601, as TensorFlow, OpenCV and Pillow turn RGB into gray.
GRAY = np.array([0.299, 0.587, 0.114], np.float32)
# For a model that takes any size and says nothing of it.
DEFAULT_SIZE = 224

# For people, who may not know the names.
IN_WORDS = {
    "none": "0 to 255",
    "0-1": "0 to 1",
    "tf": "-1 to 1",
    "torch": "0 to 1 less ImageNet's mean, over its deviation",
    "caffe": "0 to 255 as BGR, less ImageNet's mean",
}


@dataclass(frozen=True)
class PixelPlan:
    """How photos are made ready for a model.

    Attributes:
        size: (height, width) in pixels.
        channels: 3 for RGB, 1 for gray.
        channels_first: Whether the channels stand before height and width.
        value_range: 'none', '0-1', 'tf', 'torch' or 'caffe'.
        resize: 'stretch', 'crop' or 'letterbox'.
        because: Where the value range comes from, in words.
        assumed: Whether nothing told the value range.
    """

    size: tuple[int, int]
    channels: int
    channels_first: bool
    value_range: str
    resize: str
    because: str
    assumed: bool

    @property
    def in_words(self) -> str:
        """What is done to pixel values and who says so, one line."""
        return f"{IN_WORDS[self.value_range]} ({self.because})"

    def placement(self, photo: np.ndarray) -> Placement:
        """Where a photo's pixels come to lie in the model's input."""
        return place(photo.shape[:2], self.size, self.resize)

    def apply(self, photos: Sequence[np.ndarray]) -> np.ndarray:
        """Photos (height, width, 3) uint8 of any sizes to a batch for the model, float32."""
        batch = np.stack([to_input(photo, self.placement(photo)) for photo in photos])
        batch = scale(batch, self.value_range, gray=self.channels == 1)
        return np.moveaxis(batch, -1, 1) if self.channels_first else batch


def scale(batch: np.ndarray, value_range: str, *, gray: bool = False) -> np.ndarray:
    """Bring RGB in 0..255 into a range.

    Args:
        batch: (..., 3) float32.
        value_range: One of `VALUE_RANGES`.
        gray: Make one channel of three first; 'torch' and 'caffe' then use their mean channel.

    Returns:
        float32 of the same shape, or with one channel.
    """
    if gray:
        batch = (batch @ GRAY)[..., None]
    if value_range == "0-1":
        return batch / np.float32(255)
    if value_range == "tf":
        return batch / np.float32(127.5) - np.float32(1)
    if value_range == "torch":
        mean, std = (TORCH_MEAN.mean(), TORCH_STD.mean()) if gray else (TORCH_MEAN, TORCH_STD)
        return ((batch / np.float32(255) - mean) / std).astype(np.float32)
    if value_range == "caffe":
        return batch - CAFFE_MEAN.mean() if gray else batch[..., ::-1] - CAFFE_MEAN
    return batch


def plan_pixels(
    model: Any, *, value_range: str | None = None, resize: str | None = None
) -> PixelPlan:
    """Find out how photos are made ready for a model.

    Args:
        model: A `keras.Model` with one image input.
        value_range: Overrules what is known.
        resize: Overrules what is known; 'stretch' when nothing is.

    Raises:
        InputError: When the model takes no photos, or a name is unknown.
    """
    for name, given, allowed in (
        ("value_range", value_range, VALUE_RANGES),
        ("resize", resize, RESIZES),
    ):
        if given is not None and given not in allowed:
            raise InputError(f"{name}={given!r} is unknown: it is one of {', '.join(allowed)}.")
    card, nodes = card_of(model), walk(model)
    size, channels, channels_first = _input_shape(model, card, nodes)
    found, because, assumed = find_range(model, card, nodes, value_range)
    return PixelPlan(
        size=size,
        channels=channels,
        channels_first=channels_first,
        value_range=found,
        resize=resize or card.resize or "stretch",
        because=because,
        assumed=assumed,
    )


def preprocess(
    model: Any, images: Any, *, value_range: str | None = None, resize: str | None = None
) -> np.ndarray:
    """Make photos ready for a model: size, channels, range of values.

    Args:
        model: A `keras.Model` with one image input.
        images: uint8 RGB (or gray) as a person sees them: one (height, width, 3), a batch of them,
            or a list of photos of different sizes.
        value_range: 'none' (0 to 255), '0-1', 'tf' (-1 to 1), 'torch' or 'caffe'. By default what
            the model's file, its layers or its architecture tell; '0-1' when nothing does.
        resize: 'stretch' (the default), 'crop' (the middle, its aspect ratio kept) or 'letterbox'
            (all of it, its aspect ratio kept, with bars).

    Returns:
        (batch, height, width, channels) float32.

    Raises:
        InputError: When images aren't photos, or the model takes none.
    """
    single = isinstance(images, np.ndarray) and (
        images.ndim == 2 or (images.ndim == 3 and images.shape[-1] in (1, 3, 4))
    )
    photos = [_photo(each, i) for i, each in enumerate([images] if single else images)]
    if not photos:
        raise InputError("images= is empty: give at least one photo.")
    return plan_pixels(model, value_range=value_range, resize=resize).apply(photos)


def _photo(image: Any, index: int) -> np.ndarray:
    array = np.asarray(image)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=-1)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = np.repeat(array, 3, axis=-1)
    if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
        raise InputError(
            f"images[{index}] is {array.dtype} of shape {array.shape}; a photo is uint8 of shape "
            f"(height, width, 3). Values that are scaled already go into the model without "
            f"preprocess."
        )
    return array


def _input_shape(model: Any, card: Card, nodes: list[Node]) -> tuple[tuple[int, int], int, bool]:
    shape = image_shape(model)
    if shape is None:
        # A subclass says nothing of its input before it is called.
        shape = (None, None, None, 3)
    first = channels_stand_first(shape[1:])
    height, width, channels = (*shape[2:], shape[1]) if first else shape[1:]
    if channels not in (1, 3, None):
        raise InputError(
            f"Model '{model.name}' takes {channels} channels and a photo has 3: give it arrays "
            f"from Python instead: GradCAM(model)(inputs)."
        )
    known = next((a for a in map(architecture_of, names_of(model, nodes)) if a is not None), None)
    fallback = known.size if known else DEFAULT_SIZE
    default = card.input_size or (fallback, fallback)
    return (height or default[0], width or default[1]), channels or 3, first


def image_shape(model: Any) -> tuple[int | None, ...] | None:
    """Shape of a model's image input with its batch axis, None when it isn't declared.

    Raises:
        InputError: When the model has several inputs, or one that is no image.
    """
    try:
        inputs = list(model.inputs or [])
    except (AttributeError, ValueError):
        inputs = []
    if not inputs:
        # A subclass loaded from a file tells what it was built with.
        config = model.get_build_config() if model.built else None
        shape = (config or {}).get("input_shape") or (config or {}).get("shapes_dict")
        return tuple(shape) if isinstance(shape, (list, tuple)) and len(shape) == 4 else None
    shapes = [tuple(each.shape) for each in inputs]
    if len(shapes) > 1 or len(shapes[0]) != 4:
        listed = ", ".join(f"'{each.name}' {tuple(each.shape)}" for each in inputs)
        raise InputError(
            f"Model '{model.name}' does not take one photo but {listed}: explain it from Python "
            f"with arrays for all inputs: GradCAM(model)([...])."
        )
    return shapes[0]
