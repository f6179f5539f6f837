"""Finer-CAM: what tells a class from those that it is easily taken for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.cam import GradCAM
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene


class FinerCAM(ActivationMap):
    """Finer-CAM: Grad-CAM of the logit minus a part of the logits nearest to it.

        d = y_c - gamma / n sum_t y_t        t: the n classes whose logits lie nearest to y_c
        L = ReLU(sum_k 1/Z sum_ij dd/dA_kij A_k)

    What similar classes share is taken away by the part gamma; 0 gives Grad-CAM, and 1 the
    contrast with their mean. The mean is taken of the weights, before the ReLU. `Contrast(a, b)` as
    target does it for one class by name.

    Source: Zhang et al., "Finer-CAM: Spotting the Difference Reveals Finer Details for Visual
    Explanation", CVPR 2025, with its three classes and gamma 0.6. The paper finds similar classes
    by the cosine of their weights or by their logits; the nearest logits, which every model has,
    are taken here as in the authors' program. That program by itself weighs the classes by their
    probabilities and takes gamma 1; its `FinerDefaultTarget` is what stands here.

    Args:
        model: As for every method.
        layer: The same.
        similar: n, how many classes are taken away; all others where there are fewer.
        strength: gamma, what part of them.
        **options: As for every method.
    """

    name = "finercam"

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        similar: int = 3,
        strength: float = 0.6,
        **options: Any,
    ) -> None:
        if similar < 1:
            raise InputError(f"similar={similar}: at least one class must be set against.")
        if not np.isfinite(strength) or strength < 0:
            raise InputError(f"strength={strength}: it is the part that is taken away, 0 or more.")
        self.similar = similar
        self.strength = float(strength)
        super().__init__(model, layer, **options)

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """How many classes, and how much of them."""
        return (self.similar, self.strength)

    def trace(self, scene: Scene) -> Any:
        """Grad-CAM of the difference."""
        unit, logits = scene.target_score.unit, scene.logits
        own = tf.gather(logits, unit, axis=1, batch_dims=1)[:, None]
        itself = tf.cast(tf.one_hot(unit, tf.shape(logits)[1]), tf.bool)
        far = tf.where(itself, np.float32(np.inf), tf.abs(logits - own))
        nearest = tf.argsort(far, axis=1, stable=True)[:, : self._count(logits)]
        others = tf.reduce_mean(tf.gather(logits, nearest, axis=1, batch_dims=1), axis=1)
        gradients = scene.gradients_of(scene.score - self.strength * others)
        return [GradCAM.combine(A, G) for A, G in zip(scene.activations, gradients, strict=True)]

    def _count(self, logits: tf.Tensor) -> Any:
        units = logits.shape[1]
        if units is None:
            return tf.minimum(self.similar, tf.shape(logits)[1] - 1)
        return min(self.similar, units - 1)
