"""Grad-CAM and HiResCAM."""

from __future__ import annotations

import tensorflow as tf

from tfviz.explain.method import ActivationMap


class GradCAM(ActivationMap):
    """Grad-CAM: channels weighted by their mean gradient.

        w_k = 1/Z sum_ij dy/dA_kij        L = ReLU(sum_k w_k A_k)

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization", ICCV 2017, equations 1 and 2.
    """

    name = "gradcam"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The channels, weighted by the mean of their gradients over space, summed."""
        space = list(range(1, len(activations.shape) - 1))
        weights = tf.reduce_mean(gradients, axis=space, keepdims=True)
        return tf.reduce_sum(weights * activations, axis=-1)


class HiResCAM(ActivationMap):
    """HiResCAM: each activation times its own gradient.

        L = ReLU(sum_k dy/dA_k * A_k)

    Where one linear layer follows the explained one, the signed map plus the bias adds up to the
    score: it shows exactly what the model used.

    Source: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks", 2020, equation 4.
    """

    name = "hirescam"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """Activations times gradients, summed over channels."""
        return tf.reduce_sum(gradients * activations, axis=-1)


METHODS: dict[str, type[ActivationMap]] = {each.name: each for each in (GradCAM, HiResCAM)}
