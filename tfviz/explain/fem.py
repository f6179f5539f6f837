"""FEM: where channels are unusually active."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import keras
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.cam import spatial_axes
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene

# A channel that is the same everywhere but for rounding has no unusual places.
SMALLEST_SPREAD = 1e-5


class FEM(ActivationMap):
    """Feature explanation method: the places where a channel is far above its mean.

        B_k = 1 where A_k > mean(A_k) + s std(A_k), else 0        L = sum_k mean(A_k) B_k

    No gradient and no target: what the layer finds remarkable, whatever the class. pytorch-grad-cam
    has another formula by this name, sum_k mean(B_k) A_k.

    Source: Fuad et al., "Features Understanding in 3D CNNs for Actions Recognition in Video",
    IPTA 2020, as Xplique states it; 2 is the s of all programs that we know.

    Args:
        model: As for every method.
        layer: The same.
        deviations: s, how many standard deviations above the mean count as unusual.
        **options: As for every method.
    """

    name = "fem"
    paper_relu = False
    class_agnostic = True

    def __init__(
        self, model: keras.Model, layer: Any = None, *, deviations: float = 2.0, **options: Any
    ) -> None:
        if deviations < 0:
            raise InputError(f"deviations={deviations}: FEM looks above the mean, 0 or more.")
        self.deviations = float(deviations)
        super().__init__(model, layer, **options)

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """The number of standard deviations."""
        return (self.deviations,)

    def trace(self, scene: Scene) -> Any:
        """Each layer's unusual places."""
        return [self._unusual(A) for A in scene.activations]

    def _unusual(self, A: tf.Tensor) -> tf.Tensor:
        space = spatial_axes(A)
        mean = tf.reduce_mean(A, axis=space, keepdims=True)
        deviation = tf.math.reduce_std(A, axis=space, keepdims=True)
        varied = deviation > SMALLEST_SPREAD * tf.reduce_max(tf.abs(A), axis=space, keepdims=True)
        unusual = (A - mean > self.deviations * deviation) & varied
        return tf.reduce_sum(tf.where(unusual, mean, 0.0), axis=-1)
