"""Deep feature factorization: the parts that a picture, or several together, is made of."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.factoring import factorize
from tfviz.explain.inputs import as_batch
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene
from tfviz.explain.targets import as_target
from tfviz.explain.tokens import Grid
from tfviz.explain.work import Work
from tfviz.model.card import card_of
from tfviz.model.choice import Choice
from tfviz.model.shapes import places_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Factorization:
    """The concepts that a batch has in common, and where they are.

    Attributes:
        maps: (batch, *spatial, concepts) float32: how strong each concept is at each place, in the
            units of the activations. The strongest over the whole batch is first.
        concepts: (concepts, channels) float32, each of length 1.
        error: Which part of the activations' length (Frobenius norm) no concept accounts for.
        layer: Whose activations they are.
        input_shape: Of one input that the layer looks at, without the batch axis.
        images: The photos to draw on, as given.
        resize: How the photos were brought to the model's size; None: stretched.
    """

    maps: np.ndarray
    concepts: np.ndarray
    error: float
    layer: Choice
    input_shape: tuple[int, ...]
    images: Any = None
    resize: str | None = None

    def __len__(self) -> int:
        return len(self.maps)

    def __repr__(self) -> str:
        return (
            f"<Factorization of {len(self)} into {len(self.concepts)} concepts at "
            f"'{self.layer.path}' {self.maps.shape[1:-1]}; {self.error:.0%} not accounted for>"
        )

    @property
    def strongest(self) -> np.ndarray:
        """(batch, *spatial) int32, the strongest concept of each place; -1 where there is none."""
        found = self.maps.argmax(axis=-1).astype(np.int32)
        return np.where(self.maps.max(axis=-1) > 0, found, -1).astype(np.int32)

    def plot(self, images: Any = None) -> Figure:
        """Draw a picture for each input and concept: inputs below each other, concepts in a row.

        Each concept has one scale for all inputs, so that where it is missing nothing is drawn.

        Args:
            images: uint8 RGB photos of the inputs, one each; those of the call by default.

        Raises:
            InputError: When the maps aren't flat, or there are no photos.
        """
        from tfviz.draw.colormaps import DEFAULT
        from tfviz.draw.grid import grid
        from tfviz.draw.overlay import ALPHA, blend
        from tfviz.image.geometry import place, to_photo

        given = self.images if images is None else images
        photos = [] if given is None else [np.asarray(each) for each in given]
        if len(photos) != len(self) or self.maps.ndim != 4 or len(self.input_shape) != 3:
            raise InputError(
                f"Concepts are drawn over photos: pass images=, one uint8 RGB photo for each of "
                f"the {len(self)} inputs, of a model that sees pictures."
            )
        count, size = self.maps.shape[-1], places_of(self.input_shape)
        largest = self.maps.max(axis=(0, 1, 2))
        scaled = self.maps / np.where(largest > 0, largest, 1)
        pictures, titles = [], []
        for photo, maps in zip(photos, scaled, strict=True):
            lies = place(photo.shape[:2], size, self.resize or "stretch")
            for j in range(count):
                values = to_photo(maps[..., j], lies)
                pictures.append(blend(photo, values, DEFAULT, ALPHA, signed=False))
                titles.append(f"concept {j}")
        return grid(pictures, titles=titles, columns=count)


class DeepFeatureFactorization(ActivationMap):
    """Deep feature factorization: activations taken apart into a few concepts, none negative.

        A ~ W H with W, H >= 0, one row a place        s_j = sum_p W_pj <dy/dA_p, H_j>
        L = W_j* with j* = argmax s_j

    A concept is a direction H_j of length 1 in the channels, W_j where it is and how strongly. As a
    method it takes each input apart by itself, and its map is the concept that, to first order,
    speaks most for the target. `factorize` takes a whole batch apart together, as in the paper:
    what its inputs have in common is then the same concept in all of them. Activations below zero
    are cut off first; a layer behind a ReLU has none.

    Source: Collins et al., "Deep Feature Factorization For Concept Discovery", ECCV 2018, equation
    4; the choice of a concept by the gradient is ours.

    Args:
        model: As for every method.
        layer: The same.
        concepts: How many.
        **options: As for every method.
    """

    name = "dff"
    paper_relu = False

    def __init__(
        self, model: keras.Model, layer: Any = None, *, concepts: int = 5, **options: Any
    ) -> None:
        if concepts < 1:
            raise InputError(f"concepts={concepts}: at least one is looked for.")
        self.concepts = int(concepts)
        self._apart = True
        super().__init__(model, layer, **options)

    def trace(self, scene: Scene) -> Any:
        """Activations that are nowhere negative, and gradients."""
        return [tf.nn.relu(A) for A in scene.activations], scene.gradients

    def run(self, work: Work) -> Any:
        """The concept of each input that speaks most for the target."""
        activations, gradients = work.look()
        if not self._apart:
            return activations
        return [
            np.stack([self._best(a, g) for a, g in zip(A.numpy(), G.numpy(), strict=True)])
            for A, G in zip(activations, gradients, strict=True)
        ]

    def factorize(
        self, inputs: Any, *, images: Any = None, resize: str | None = None
    ) -> Factorization:
        """Take a batch apart together.

        Args:
            inputs: As for a call.
            images: uint8 RGB photos of them, to draw on.
            resize: How they were brought to the model's size.

        Returns:
            The concepts and their maps, at the first layer and its first call.

        Raises:
            InputError: When the inputs don't fit the model.
        """
        batch = as_batch(self.model, inputs)
        self._build(batch)
        whole = copy.copy(self)
        whole._apart = False
        card = card_of(self.model)
        found = whole._found(batch, as_target(None, card.find_class))
        spot = found.facts.spots[0]
        A = _in_grid(found.maps[0], spot.grid)
        X = A.reshape(-1, A.shape[-1]).astype(np.float64)
        W, H = factorize(X, self.concepts)
        length = float(np.linalg.norm(X))
        return Factorization(
            maps=W.reshape(*A.shape[:-1], self.concepts).astype(np.float32),
            concepts=H.astype(np.float32),
            error=float(np.linalg.norm(X - W @ H)) / length if length > 0 else 0.0,
            layer=found.facts.choices[0],
            input_shape=batch.shapes[spot.source],
            images=images,
            resize=resize or card.resize,
        )

    def _best(self, A: np.ndarray, G: np.ndarray) -> np.ndarray:
        places = A.reshape(-1, A.shape[-1])
        if not np.isfinite(places).all():
            return np.full(A.shape[:-1], np.nan)
        W, H = factorize(places, self.concepts)
        support = (W * (G.reshape(places.shape) @ H.T)).sum(axis=0)
        return W[:, int(support.argmax())].reshape(A.shape[:-1])


def _in_grid(A: np.ndarray, grid: Grid | None) -> np.ndarray:
    """Activations of tokens (batch, tokens, channels) where they lie in the image."""
    if grid is None or A.ndim != 3:
        return A
    return A[:, grid.extra :].reshape(len(A), grid.rows, grid.columns, A.shape[-1])
