"""What a unit of a layer can see of an image, and what it really heeds."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, LayerError
from tfviz.learn.convolutions.receptive_images import Photo, images_for
from tfviz.learn.convolutions.receptive_probe import box_by_nan, nan_through_pooling
from tfviz.learn.convolutions.receptive_rules import UnknownOperationError
from tfviz.learn.convolutions.receptive_walk import Theory, theory
from tfviz.learn.given import two_numbers, whole
from tfviz.learn.lesson import Lesson
from tfviz.model.backend import require_keras_model
from tfviz.model.heard import Heard, hear
from tfviz.model.tap import listening
from tfviz.model.tree import find, walk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Luo et al. count what is above one minus this of the largest, two deviations of a Gaussian.
TWO_SIGMA = 0.9545
BY_OPERATIONS = "worked out from the operations between image and layer"
BY_NAN = "measured: NaN in the image reaches the unit from nowhere else"
BY_GRADIENT = "at least this: every pixel with a gradient, over all images"


@dataclass(frozen=True, eq=False)
class ReceptiveField(Lesson):
    """One unit of a layer, what it can see, and what it heeds.

    Attributes:
        model: The model's name.
        layer: The layer's path.
        map_size: Height and width of the layer's output.
        input_size: Height and width of the model's input.
        at: Row and column of the unit.
        box: What it can see: (top, left, bottom, right), both ends included.
        method: How that was found.
        size: Height and width of the field where no edge is in the way; None where not known,
            infinite where everything is seen.
        jump: Pixels between neighbouring units, y and x; None where not known.
        middle: The middle of the first unit's field, y and x; None where not known.
        influence: (height, width), float32: |gradient| of the unit's sum over its channels, summed
            over the image's channels, the mean over all images.
        images: How many these were.
        picture: What the model saw of the first, uint8 RGB; None for inputs that are no photos.
        note: What else must be known, such as that the weights are random.
    """

    model: str
    layer: str
    map_size: tuple[int, int]
    input_size: tuple[int, int]
    at: tuple[int, int]
    box: tuple[int, int, int, int]
    method: str
    size: tuple[float, float] | None
    jump: tuple[float, float] | None
    middle: tuple[float, float] | None
    influence: np.ndarray
    images: int
    picture: np.ndarray | None
    note: str = ""

    @property
    def name(self) -> str:  # type: ignore[override]
        """What its files are called."""
        return f"receptive-{self.model}-{self.layer.replace('/', '-')}"

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of gravity of the influence, y and x; that of the box where there is none."""
        total = float(self.influence.sum(dtype=np.float64))
        if total == 0:
            return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2
        y, x = np.indices(self.influence.shape)
        weights = self.influence.astype(np.float64) / total
        return float((y * weights).sum()), float((x * weights).sum())

    def radius(self, share: float) -> float:
        """The radius of the disc about the centre that holds this share of all influence, px."""
        y, x = np.indices(self.influence.shape)
        middle = self.centre
        distance = np.hypot(y - middle[0], x - middle[1]).ravel()
        order = np.argsort(distance, kind="stable")
        held = np.cumsum(self.influence.ravel()[order], dtype=np.float64)
        if held[-1] == 0:
            return math.nan
        return float(distance[order][np.searchsorted(held, share * held[-1])])

    @property
    def effective_size(self) -> float:
        """The side of a square as large as all pixels that count, by Luo et al.'s measure."""
        most = float(self.influence.max())
        return math.sqrt(float((self.influence > (1 - TWO_SIGMA) * most).sum())) if most else 0.0

    @property
    def inside(self) -> float:
        """Which part of the influence lies in the box; 1 where theory and gradient agree."""
        total = float(self.influence.sum(dtype=np.float64))
        top, left, bottom, right = self.box
        own = float(self.influence[top : bottom + 1, left : right + 1].sum(dtype=np.float64))
        return own / total if total else math.nan

    @property
    def box_size(self) -> tuple[int, int]:
        """Height and width of what it can see."""
        return self.box[2] - self.box[0] + 1, self.box[3] - self.box[1] + 1

    def numbers(self) -> dict[str, Any]:
        """Sizes, the box, the influence of every pixel, and its measures."""
        return {
            "model": self.model,
            "layer": self.layer,
            "map_size": self.map_size,
            "input_size": self.input_size,
            "at": self.at,
            "box": self.box,
            "method": self.method,
            "size": self.size,
            "jump": self.jump,
            "middle_of_first": self.middle,
            "images": self.images,
            "note": self.note,
            "influence": self.influence,
            "centre": self.centre,
            "inside": self.inside,
            "radius_50": self.radius(0.5),
            "radius_95": self.radius(0.95),
            "effective_size": self.effective_size,
        }

    def figure(self) -> Figure:
        """The box on the image, the influence of every pixel, and its profile."""
        from tfviz.learn.convolutions.receptive_figure import draw

        return draw(self)

    def sentences(self) -> list[str]:
        """What there is to say, short lines."""
        height, width = self.box_size
        rows, columns = self.input_size
        if not height or not width:
            return ["sees nothing but padding: no pixel can reach it"]
        told = [
            f"sees rows {self.box[0]} to {self.box[2]} and columns {self.box[1]} to {self.box[3]}: "
            f"{height}x{width} of {rows}x{columns} pixels",
        ]
        if self.size is not None and self.jump is not None:
            if math.isinf(self.size[0]):
                told.append("something on the way looks at the whole image, and so does the unit")
            else:
                told.append(
                    f"size {self.size[0]:g}x{self.size[1]:g}, jump {_pair(self.jump)}, the first "
                    f"unit's middle at {_pair(self.middle or (math.nan, math.nan))}"
                )
        if not self.influence.any():
            told.append("no pixel has an influence on these images: the unit is off")
            return told
        part = self.effective_size**2 / (height * width)
        told.append(
            f"heeds: half within {self.radius(0.5):.1f} px, 95% within {self.radius(0.95):.1f} px "
            f"of its centre"
        )
        told.append(
            f"effective size {self.effective_size:.0f}x{self.effective_size:.0f}, "
            f"{_percent(part)} of what it can see"
        )
        return told

    def __str__(self) -> str:
        lines = [
            f"{self.model}, layer '{self.layer}', unit {self.at} of "
            f"{self.map_size[0]}x{self.map_size[1]}",
            "",
            *(f"  {each}" for each in self.sentences()),
            "",
            f"What it can see is {self.method}. What it heeds is the gradient of the unit by the "
            f"pixels, the mean of {self.images} image{'s' * (self.images != 1)}."
            + (f" {self.note}" if self.note else ""),
        ]
        return "\n".join(
            each
            for line in lines
            for each in (textwrap.wrap(line, 80, subsequent_indent="  ") or [""])
        )


def receptive_field(
    model: Any,
    layer: Any,
    images: Photo | Sequence[Photo] | None = None,
    *,
    at: tuple[int, int] | None = None,
    inputs: Any = None,
    note: str = "",
) -> ReceptiveField:
    """What one unit of a layer can see of the image, and what it heeds.

        print(tfviz.learn.receptive_field(model, "block_6_expand_relu"))

    What it *can* see follows from the operations between image and layer, read in the traced graph.
    Where one is not known, it is measured with NaN. What it *heeds* is |d unit / d pixel|, the
    effective receptive field.

    Args:
        model: A `keras.Model` with one image as input; nothing in it is changed.
        layer: A path, name or layer, anywhere in the model, whose output is a map.
        images: Photos: paths, or uint8 of shape (height, width, 3). By default the seven samples.
        at: Row and column of the unit; by default the one in the middle.
        inputs: A batch as the model takes it, in place of photos.
        note: Put on the picture and under the text: what else must be known of the model.

    Returns:
        The receptive field: `print` it, `.figure()`, `.save(folder)`.

    Raises:
        LayerError: When there is no such layer, its output is no map, or it is called several
            times.
        InputError: When `at` lies outside, or an image can't be read.

    Source: W. Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional
        Neural Networks", 2016.
    """
    require_keras_model(model)
    if len(getattr(model, "inputs", None) or [None]) > 1:
        raise InputError(
            f"Model '{model.name}' takes {len(model.inputs)} inputs, and a receptive field is that "
            "of one image: make a model of the branch that sees it, keras.Model(image, output)."
        )
    batch, pictures = images_for(model, images, inputs)
    traced = _Traced(model, layer, batch.shape)
    rows, columns = traced.map_size
    place = (rows // 2, columns // 2)
    if at is not None:
        row, column = two_numbers(at, "at")
        place = (whole(row, "at"), whole(column, "at"))
    if not (0 <= place[0] < rows and 0 <= place[1] < columns):
        raise InputError(
            f"at {place} lies outside the map of layer '{traced.path}', which is {rows}x{columns}: "
            f"use rows 0 to {rows - 1} and columns 0 to {columns - 1}."
        )
    every = np.stack([traced.gradient(each[np.newaxis], place) for each in batch])
    influence = every.mean(axis=0, dtype=np.float64).astype(np.float32)
    known: Theory | None = None
    try:
        known = theory(traced.image, traced.unit, place)
        box, method = known.box, BY_OPERATIONS
    except UnknownOperationError as error:
        box, method = _measured(model, traced, batch[0], place, influence)
        method = f"{method} (no rule for the operation {error})"
    return ReceptiveField(
        model.name,
        traced.path,
        traced.map_size,
        (int(batch.shape[1]), int(batch.shape[2])),
        place,
        box,
        method,
        known.size if known else None,
        known.jump if known else None,
        known.middle if known else None,
        influence,
        len(batch),
        pictures[0] if pictures else None,
        note,
    )


class _Traced:
    """A model, traced once from an image to one of its layers and back."""

    def __init__(self, model: Any, layer: Any, shape: tuple[int, ...]) -> None:
        self._model = model
        self.path = find(walk(model), layer, model).path
        self.image: Any
        self.unit: Any
        spec = tf.TensorSpec((None, *shape[1:]), tf.float32)
        place = tf.TensorSpec((2,), tf.int32)
        self._gradient = tf.function(self._back, autograph=False).get_concrete_function(spec, place)
        self.map_size = (int(self.unit.shape[1]), int(self.unit.shape[2]))

    def _back(self, image: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(image)
            call = self._called(image)
            value = tf.reduce_sum(call.value[:, place[0], place[1]])
        self.image, self.unit = image, call.value
        found = tape.gradient(value, image, unconnected_gradients="zero")
        return tf.reduce_sum(tf.abs(found), axis=-1)

    def _called(self, image: tf.Tensor) -> Heard:
        calls = [each for each in hear(self._model, image).heard if each.path == self.path]
        if len(calls) != 1:
            raise LayerError(
                f"Layer '{self.path}' gave {len(calls)} floating-point tensors when the model was "
                f"called, and a receptive field is that of one: name a layer that is called once."
            )
        call = calls[0]
        if len(call.shape) != 4 or None in call.shape[1:3] or call.data_format == "channels_first":
            raise LayerError(
                f"Layer '{self.path}' ({call.kind}) gives {call.shape}, which is no map of "
                f"(height, width, channels): name one before it is flattened or pooled away. "
                f"`tfviz layers MODEL` lists them."
            )
        return call

    def gradient(self, image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
        """(height, width), |gradient| summed over the image's channels."""
        return self._gradient(tf.constant(image), tf.constant(place, tf.int32)).numpy()[0]

    def nan_reaches(self, place: tuple[int, int]) -> tuple[Any, bool]:
        """`f(images)`: whether the unit is NaN; and whether pooling may lose a NaN.

        Not compiled: TensorFlow fuses a convolution with the ReLU behind it, and what it fuses
        makes zero of NaN.
        """
        operation = find(walk(self._model), self.path, self._model).operation

        def reached(images: np.ndarray) -> np.ndarray:
            with nan_through_pooling(self._model), listening([operation]) as calls:
                self._model(tf.constant(images), training=False)
            value = next(each for each in calls[0].outputs if each.dtype.is_floating)
            return np.isnan(value[:, place[0], place[1]]).any(axis=-1)

        pools = [
            each.operation
            for each in walk(self._model)
            if isinstance(each.operation, keras.layers.MaxPooling2D)
        ]
        kinds = [each.type for each in self.unit.graph.get_operations()]
        return reached, kinds.count("MaxPool") > len(pools)


def _measured(
    model: Any, traced: _Traced, image: np.ndarray, place: tuple[int, int], influence: np.ndarray
) -> tuple[tuple[int, int, int, int], str]:
    """The box by NaN, or by gradient where NaN tells nothing."""
    reached, lossy = traced.nan_reaches(place)
    found = box_by_nan(reached, image)
    rows, columns = np.nonzero(influence)
    seen = (
        (int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max()))
        if len(rows)
        else None
    )
    if found is None:
        return seen or (0, 0, influence.shape[0] - 1, influence.shape[1] - 1), BY_GRADIENT
    both = (found, seen or found)
    hull = (
        min(each[0] for each in both),
        min(each[1] for each in both),
        max(each[2] for each in both),
        max(each[3] for each in both),
    )
    # Where a gradient comes from outside, a NaN was lost on the way.
    return hull, BY_GRADIENT if lossy or hull != found else BY_NAN


def _pair(both: tuple[float, float]) -> str:
    if both[0] == both[1]:
        return f"{both[0]:g}"
    return "varying" if any(map(math.isnan, both)) else f"{both[0]:g}x{both[1]:g}"


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.1 else f"{100 * part:.2g}%"


__all__ = ["ReceptiveField", "receptive_field"]
