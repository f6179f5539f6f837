"""Shapley-CAM: Grad-CAM with the curvature of the score taken into account."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfviz.errors import MethodError
from tfviz.explain.cam import GradCAM
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene


class ShapleyCAM(ActivationMap):
    """Shapley-CAM: channels weighted by their mean gradient less half of what it owes to the rest.

        w_k = 1/Z sum_ij (g - 1/2 H A)_kij        L = ReLU(sum_k w_k A_k)

    with g the gradient and H the Hessian of the score by all activations. A (g - 1/2 H A) are the
    Shapley values of the activations where the score is a polynomial of second degree in them, and
    their second-order approximation elsewhere. H A is one more backward pass, not a matrix.

    Where what lies behind the layer is piecewise linear (ReLU, pooling, dense layers) and the score
    a logit, H is 0 and the map is Grad-CAM's. The paper also proposes another score, ReST: pass
    `lambda y: y[:, c] + tf.nn.log_softmax(y)[:, c]` as the target to explain it.

    Source: Cai, "CAMs as Shapley Value-based Explainers", 2025, the closed form of ShapleyCAM.
    """

    name = "shapleycam"

    def trace(self, scene: Scene) -> Any:
        """Grad-CAM of the corrected gradients."""
        maps = []
        for index, (A, G) in enumerate(zip(scene.activations, scene.gradients, strict=True)):
            # 0 times the score: a gradient of 0 where a piecewise linear head leaves none.
            slope = tf.reduce_sum(G * tf.stop_gradient(A)) + 0.0 * tf.reduce_sum(scene.score)
            try:
                bent = scene.gradients_of(slope)[index]
            except LookupError as error:
                raise MethodError(
                    f"Method '{self.name}' needs second derivatives behind layer "
                    f"'{scene.spots[index].path}', and TensorFlow has none there ({error}). "
                    f"'gradcam' needs first ones alone; or take a later layer."
                ) from error
            maps.append(GradCAM.combine(A, G - 0.5 * bent))
        return maps
