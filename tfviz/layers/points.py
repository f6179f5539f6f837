"""Where the convolutions of a model sample, for given inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfviz.draw.sampling import field, gallery
from tfviz.errors import InputError, LayerError
from tfviz.layers.deformable import DeformableConv2D
from tfviz.layers.geometry import Geometry
from tfviz.layers.patterns import random_offsets
from tfviz.model.tap import listening
from tfviz.model.tree import find, walk

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class SamplingPoints:
    """Where a layer samples its input.

    Attributes:
        layer: Its path in the model.
        points: (batch, output height, output width, offset groups, taps, 2), float64: y and x in
            pixels of the layer's input.
        plain: (output height, output width, taps, 2), where the same taps stand without offsets.
        weights: (batch, output height, output width, offset groups, taps), how much each counts;
            None where all count alike.
        input_size: Height and width of the layer's input.
        kernel: Height and width of the kernel, in taps.
    """

    layer: str
    points: np.ndarray
    plain: np.ndarray
    weights: np.ndarray | None
    input_size: tuple[int, int]
    kernel: tuple[int, int]

    @property
    def offsets(self) -> np.ndarray:
        """How far each tap has moved, in the shape of `points`."""
        return self.points - self.plain[:, :, np.newaxis]

    @property
    def spread(self) -> float:
        """The root mean square of all offsets along one axis, in pixels of the layer's input."""
        return float(np.sqrt(np.mean(self.offsets**2)))

    def plot(
        self,
        picture: np.ndarray,
        *,
        sample: int = 0,
        at: Sequence[tuple[int, int]] | None = None,
        group: int = 0,
        title: str = "",
    ) -> Figure:
        """Draws chosen output pixels with their taps: plain, random and learned; and all as arrows.

        Random offsets have the spread of the learned ones, or of one pixel where these are zero.

        Args:
            picture: What the model saw, uint8 RGB of shape (height, width, 3), in any size.
            sample: Which of the batch.
            at: Output pixels as (row, column); by default four of them, well apart.
            group: Which offset group.
            title: One line above everything.

        Returns:
            A matplotlib figure.

        Raises:
            InputError: When there is no such sample, group or output pixel.
        """
        batch, height, width, groups = self.points.shape[:4]
        for name, index, count in (("sample", sample, batch), ("group", group, groups)):
            if not 0 <= index < count:
                raise InputError(f"{name}={index} is not there: use 0 to {count - 1}.")
        chosen = _apart(height, width) if at is None else [tuple(each) for each in at]
        for row, column in chosen:
            if not (0 <= row < height and 0 <= column < width):
                raise InputError(
                    f"at={(row, column)} lies outside the output of layer '{self.layer}', which "
                    f"is {height}x{width}."
                )
        rows, columns = (list(each) for each in zip(*chosen, strict=True))
        plain, learned = self.plain[rows, columns], self.points[sample, rows, columns, group]
        weights = None if self.weights is None else self.weights[sample, rows, columns, group]
        chance = np.stack(
            [random_offsets(self.kernel, self.spread or 1.0, seed=i) for i in range(len(chosen))]
        )
        moved = self.points[sample, :, :, group] - self.plain
        return gallery(
            picture,
            [
                ("plain", plain, plain, None),
                ("random offsets", plain + chance, plain, None),
                ("learned", learned, plain, weights),
            ],
            input_size=self.input_size,
            arrows=field(self.plain, moved),
            title=title or f"Where '{self.layer}' samples",
        )


def sampling_points(model: Any, layer: Any = None, inputs: Any = None) -> SamplingPoints:
    """Where a convolution of a model samples, for these inputs.

    Args:
        model: A `keras.Model`; or a `DeformableConv2D` or `Conv2D` by itself, with its own inputs.
        layer: A path, name or layer: a `DeformableConv2D`, or a `Conv2D`, whose taps stay where
            they are. None takes the only `DeformableConv2D` of the model.
        inputs: What the model takes.

    Returns:
        The points, and a `plot` of them.

    Raises:
        LayerError: When there is no such layer, or it is called more than once or not at all.
        InputError: When inputs are missing.
    """
    if inputs is None:
        raise InputError("inputs= is missing: give what the model takes, as to model(inputs).")
    if _samples(model) and layer is None:
        operation, path = model, model.name
    else:
        nodes = walk(model)
        node = find(nodes, _only(model, nodes) if layer is None else layer, model)
        operation, path = node.operation, node.path
    if not _samples(operation):
        raise LayerError(
            f"Layer '{path}' is a {type(operation).__name__}, which has no taps: name a "
            f"DeformableConv2D or a Conv2D with channels last."
        )
    with listening([operation]) as calls:
        model(inputs, training=False)
    if len(calls) != 1:
        raise LayerError(
            f"Layer '{path}' was called {len(calls)} times, and sampling points are those of one "
            f"call: call the layer by itself, sampling_points(layer, inputs=...)."
        )
    return _points(operation, path, calls[0].inputs[0])


def _points(operation: Any, path: str, given: Any) -> SamplingPoints:
    batch, height, width = given.shape[:3]
    if not isinstance(operation, DeformableConv2D):
        geometry = Geometry.of(
            operation.kernel_size, operation.strides, operation.padding, operation.dilation_rate
        )
        plain = geometry.plain((height, width))
        points = np.broadcast_to(
            plain[:, :, np.newaxis], (batch, *plain.shape[:2], 1, *plain.shape[2:])
        )
        return SamplingPoints(path, points, plain, None, (height, width), geometry.kernel)
    geometry = operation.geometry
    plain = geometry.plain((height, width))
    offsets, mask = operation.offsets(given)
    shape = (batch, *plain.shape[:2], operation.offset_groups, geometry.taps)
    moved = np.asarray(offsets, np.float64).reshape(*shape, 2)
    weights = None if mask is None else np.asarray(mask, np.float64).reshape(shape)
    points = plain[:, :, np.newaxis] + moved
    return SamplingPoints(path, points, plain, weights, (height, width), geometry.kernel)


def _samples(operation: Any) -> bool:
    """Whether taps of this layer stand somewhere in an image whose channels are last."""
    if isinstance(operation, DeformableConv2D):
        return True
    return type(operation) is keras.layers.Conv2D and operation.data_format == "channels_last"


def _only(model: Any, nodes: Any) -> str:
    paths = [each.path for each in nodes if isinstance(each.operation, DeformableConv2D)]
    if len(paths) == 1:
        return paths[0]
    if not paths:
        raise LayerError(
            f"Model '{model.name}' has no DeformableConv2D: name a Conv2D to see its taps, "
            f"layer='...'."
        )
    raise LayerError(
        f"Model '{model.name}' has {len(paths)} deformable layers: name one of "
        f"{', '.join(repr(each) for each in paths)}."
    )


def _apart(height: int, width: int) -> list[tuple[int, int]]:
    """Four output pixels, a quarter from the corners; fewer where the output is small."""
    rows = sorted({height // 4, (3 * height) // 4})
    columns = sorted({width // 4, (3 * width) // 4})
    return [(row, column) for row in rows for column in columns]
