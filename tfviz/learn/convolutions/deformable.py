"""Where a deformable convolution looks: plain, dilated, turned, at random, and learned."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.draw.sampling import Panel, field, gallery
from tfviz.errors import InputError
from tfviz.image.geometry import place, to_input
from tfviz.image.reading import read_rgb
from tfviz.layers.deformable import DeformableConv2D
from tfviz.layers.functional import deform_conv2d
from tfviz.layers.patterns import dilated, random_offsets, rotated
from tfviz.layers.points import SamplingPoints, sampling_points
from tfviz.learn.convolutions.deformable_training import LAYER, SIDE, train
from tfviz.learn.given import photo as a_photo
from tfviz.learn.lesson import Lesson
from tfviz.model.backend import require_keras_model
from tfviz.model.pixels import plan_pixels
from tfviz.model.tree import find, walk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 150
# The photo that the trained net then looks at, in pixels of its shorter side.
SHOWN = 64
TURN = 30
NOTE = (
    "+ output pixel  ·  dot: a sample, larger if it counts more  ·  line: from the plain tap  ·  "
    "gray: zero padding"
)
WIDER = 2


@dataclass(frozen=True, eq=False)
class SeenDeformation(Lesson):
    """Chosen output pixels of a deformable layer, with the places they sample.

    Attributes:
        of: What the photo is called.
        picture: uint8 RGB, what the model saw.
        sampled: Where the layer samples, of all output pixels.
        at: The chosen output pixels, (row, column).
        group: Which offset group.
        learned_from: Where the offsets come from, in words.
        accuracy: Of the net that was trained here, on other crops; None for a user's model.
        cases: Special cases, each with the largest difference of its outputs, and their size.
        fixed: Whether the layer is a plain convolution, which learns no offsets at all.
    """

    of: str
    picture: np.ndarray
    sampled: SamplingPoints
    at: tuple[tuple[int, int], ...]
    group: int
    learned_from: str
    accuracy: float | None
    cases: dict[str, tuple[float, float]]
    fixed: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]
        """What its files are called."""
        return f"deformable-{self.of}"

    def panels(self) -> list[Panel]:
        """Title, points, plain points and weights of each set, for the chosen output pixels."""
        rows, columns = (list(each) for each in zip(*self.at, strict=True))
        plain = self.sampled.plain[rows, columns]
        kernel, spread = self.sampled.kernel, self.sampled.spread
        chance = [random_offsets(kernel, spread or 1.0, seed=i) for i in range(len(self.at))]
        weights = self.sampled.weights
        return [
            ("plain: all offsets 0", plain, plain, None),
            (f"dilation {WIDER}", plain + dilated(kernel, WIDER), plain, None),
            (f"turned by {TURN}°", plain + rotated(kernel, TURN), plain, None),
            (f"random, {spread or 1.0:.2g} px", plain + np.stack(chance), plain, None),
            (
                "this layer: taps stay" if self.fixed else f"learned, {spread:.2g} px",
                self.sampled.points[0, rows, columns, self.group],
                plain,
                None if weights is None else weights[0, rows, columns, self.group],
            ),
        ]

    def numbers(self) -> dict[str, Any]:
        """All sampling points of the chosen pixels, the mean offset of all, the special cases."""
        offsets = self.sampled.offsets[0, :, :, self.group]
        return {
            "layer": self.sampled.layer,
            "plain_convolution": self.fixed,
            "learned_from": None if self.fixed else self.learned_from,
            "accuracy": self.accuracy,
            "at": self.at,
            "group": self.group,
            "input_size": self.sampled.input_size,
            "kernel": self.sampled.kernel,
            "spread": self.sampled.spread,
            "mean_offsets": offsets.mean(axis=2),
            "panels": [
                {"title": title, "points": points, "plain": plain, "weights": weights}
                for title, points, plain, weights in self.panels()
            ],
            "special_cases": {
                name: {"largest_difference": difference, "largest_output": size}
                for name, (difference, size) in self.cases.items()
            },
        }

    @property
    def _source(self) -> str:
        if self.fixed:
            return f"Layer '{self.sampled.layer}' is a plain convolution: it learns no offsets"
        return f"Learned {self.learned_from}"

    def figure(self) -> Figure:
        """The sets side by side on the photo, and the mean offset of every output pixel."""
        plain = self.sampled.plain
        moved = self.sampled.points[0, :, :, self.group] - plain
        return gallery(
            self.picture,
            self.panels(),
            input_size=self.sampled.input_size,
            arrows=field(plain, moved),
            columns=3,
            title=self._source,
            note=NOTE,
        )

    def __str__(self) -> str:
        longest = float(np.linalg.norm(self.sampled.offsets[0], axis=-1).max())
        height, width = self.sampled.input_size
        lines = [
            f"layer '{self.sampled.layer}', {self.sampled.kernel[0]}x{self.sampled.kernel[1]} "
            f"taps on a map of {height}x{width}",
            *(
                [
                    "a plain convolution: its taps stay where they are, and nothing was learned",
                    "about where to look. A DeformableConv2D in its place would learn that.",
                ]
                if self.fixed
                else [
                    f"learned {self.learned_from}",
                    f"offsets: {self.sampled.spread:.3g} px in the mean square, the longest "
                    f"{longest:.3g} px",
                ]
            ),
            "",
            "Special cases on this photo, held against keras.ops.conv:",
            *(
                f"  {name}: equal to {difference:.1e} of {size:.3g}"
                for name, (difference, size) in self.cases.items()
            ),
        ]
        return "\n".join(
            each
            for line in lines
            for each in ([line] if line.startswith("  ") else textwrap.wrap(line, 80) or [""])
        )


def deformable(
    image: str | os.PathLike[str] | np.ndarray,
    *,
    model: Any = None,
    layer: Any = None,
    at: Sequence[tuple[int, int]] | None = None,
    group: int = 0,
    steps: int = STEPS,
    seed: int = 0,
) -> SeenDeformation:
    """Show where a deformable convolution samples a photo.

    Without a model a tiny net is trained on the spot, in seconds: to tell which way up crops of
    this very photo are. Its offsets are what it found useful for that.

    Args:
        image: A path, or uint8 of shape (height, width, 3).
        model: A model of yours with a `tfviz.layers.DeformableConv2D`.
        layer: Its path, name or the layer; None takes the only one.
        at: Output pixels as (row, column); by default four, well apart.
        group: Which offset group.
        steps: How long the tiny net is trained; 0 leaves its offsets at zero.
        seed: Of the tiny net; 0 or more.

    Returns:
        The places: `print` them, `.figure()`, `.save(folder)`.

    Raises:
        InputError: When the image can't be read or is too small, or there is no such pixel.
        LayerError: When the model has no such layer.
    """
    if isinstance(image, np.ndarray):
        photo, of = image, "array"
        if photo.ndim != 3 or photo.shape[-1] != 3 or photo.dtype != np.uint8:
            raise InputError(
                f"image has the shape {photo.shape} and the type {photo.dtype}: give a path, or a "
                "uint8 array of shape (height, width, 3)."
            )
    else:
        photo, of = read_rgb(a_photo(image)), Path(image).stem
    if model is None and layer is not None:
        raise InputError("layer= names a layer of a model: give model= as well.")
    if isinstance(steps, bool) or not isinstance(steps, int) or not 0 <= steps <= 100_000:
        raise InputError(f"steps {steps!r} must be a whole number from 0 to 100000.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"seed {seed!r} must be a whole number from 0 to {2**31 - 1}.")
    accuracy, fixed = None, False
    if model is not None:
        require_keras_model(model)
        plan = plan_pixels(model)
        given = plan.apply([photo])
        picture = np.round(to_input(photo, plan.placement(photo))).astype(np.uint8)
        sampled = sampling_points(model, layer, given)
        told = f"by layer '{sampled.layer}' of {model.name}"
        used = find(walk(model), sampled.layer, model).operation
        fixed = not isinstance(used, DeformableConv2D)
    else:
        if min(photo.shape[:2]) < SIDE:
            raise InputError(
                f"the image has {photo.shape[0]}x{photo.shape[1]} pixels, and crops of {SIDE} are "
                "to be learned from: give a larger one."
            )
        trained = train(photo, steps=steps, seed=seed)
        accuracy = trained.accuracy
        scale = SHOWN / min(photo.shape[:2])
        size = tuple(max(SIDE, round(each * scale)) for each in photo.shape[:2])
        given = to_input(photo, place(photo.shape[:2], (size[0], size[1]), "stretch"))[np.newaxis]
        picture = np.round(given[0]).astype(np.uint8)
        sampled = sampling_points(trained.model, LAYER, given)
        told = f"to tell which way up crops are: {steps} steps, {accuracy:.0%} right (chance 25%)"
    chosen = _chosen(sampled, at, group)
    return SeenDeformation(
        of, picture, sampled, chosen, group, told, accuracy, _cases(picture), fixed
    )


def _chosen(
    sampled: SamplingPoints, at: Sequence[tuple[int, int]] | None, group: int
) -> tuple[tuple[int, int], ...]:
    _, height, width, groups = sampled.points.shape[:4]
    if not 0 <= group < groups:
        raise InputError(f"group {group} is not there: use 0 to {groups - 1}.")
    if at is None:
        rows, columns = ({size // 4, (3 * size) // 4} for size in (height, width))
        return tuple((row, column) for row in sorted(rows) for column in sorted(columns))
    for row, column in at:
        if not (0 <= row < height and 0 <= column < width):
            raise InputError(
                f"at {(row, column)} lies outside the output of layer '{sampled.layer}', which is "
                f"{height}x{width}."
            )
    return tuple((int(row), int(column)) for row, column in at)


def _cases(picture: np.ndarray) -> dict[str, tuple[float, float]]:
    """Special cases of deformation, held against `keras.ops.conv`: (difference, size)."""
    x = tf.constant(picture[np.newaxis].astype(np.float32) / 255)
    kernel = tf.constant(np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype(np.float32))
    shape = (1, *x.shape[1:3], 18)
    found = {}
    for name, offsets, settings in (
        ("offsets of 0 = the plain convolution", np.zeros((9, 2)), {}),
        (
            f"offsets that spread = dilation_rate={WIDER}",
            dilated(3, WIDER),
            {"dilation_rate": WIDER},
        ),
    ):
        moved = np.broadcast_to(offsets.reshape(-1), shape).astype(np.float32)
        ours = deform_conv2d(x, moved, kernel, padding="same")
        theirs = keras.ops.conv(x, kernel, padding="same", data_format="channels_last", **settings)
        difference = float(tf.reduce_max(tf.abs(ours - theirs)))
        found[name] = (difference, float(tf.reduce_max(tf.abs(theirs))))
    return found


__all__ = ["SeenDeformation", "deformable"]
