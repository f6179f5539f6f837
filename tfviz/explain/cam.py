"""Maps that weigh activations by gradients, each by a formula of one line."""

from __future__ import annotations

import tensorflow as tf

from tfviz.explain.method import ActivationMap


def spatial_axes(tensor: tf.Tensor) -> list[int]:
    """The axes of (batch, *spatial, channels) that are places."""
    return list(range(1, len(tensor.shape) - 1))


class CAM(ActivationMap):
    """CAM: channels weighted by the linear layer that reads their averages.

        L = sum_k w_k A_k        with y = sum_k w_k mean(A_k) + b

    Signed, as in the paper. The weights are taken as Z dy/dA_k, which behind a global average
    pooling over Z places is the same at all places and equals w_k, also for a contrast of classes.

    Source: Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016,
    equation 2.
    """

    name = "cam"
    paper_relu = False

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The channels, weighted by what the score gains from the average of each."""
        weights = tf.reduce_sum(gradients, axis=spatial_axes(gradients), keepdims=True)
        return tf.reduce_sum(weights * activations, axis=-1)


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
        weights = tf.reduce_mean(gradients, axis=spatial_axes(gradients), keepdims=True)
        return tf.reduce_sum(weights * activations, axis=-1)


class HiResCAM(ActivationMap):
    """HiResCAM: each activation times its own gradient.

        L = ReLU(sum_k dy/dA_k * A_k)

    Where one linear layer follows the explained one, the signed map (`relu=False`) plus the bias
    adds up to the score: it shows exactly what the model used.

    Source: Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of
    convolutional neural networks", 2020; cut off at zero as Grad-CAM is, by which the two can be
    compared.
    """

    name = "hirescam"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """Activations times gradients, summed over channels."""
        return tf.reduce_sum(gradients * activations, axis=-1)


class ElementwiseCAM(ActivationMap):
    """Element-wise Grad-CAM: HiResCAM with every product's negative part cut off.

        L = sum_k ReLU(dy/dA_k * A_k)

    Evidence against the target no longer cancels evidence for it: never negative, and never
    smaller than HiResCAM's map.

    Source: `GradCAMElementWise` of pytorch-grad-cam; there is no paper.
    """

    name = "elementwise"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The positive ones of activations times gradients, summed over channels."""
        return tf.reduce_sum(tf.nn.relu(gradients * activations), axis=-1)


class XGradCAM(ActivationMap):
    """XGrad-CAM: channels weighted by their gradients where they are active.

        w_k = sum_ij (A_kij / sum A_k) dy/dA_kij        L = ReLU(sum_k w_k A_k)

    The signed map's sum is that of HiResCAM's: the two differ in where they lay it. Made for
    activations that are nowhere negative; a channel whose activations add up to 0 has no weight.

    Source: Fu et al., "Axiom-based Grad-CAM: Towards Accurate Visualization and Explanation of
    CNNs", BMVC 2020, and the authors' program, which has the ReLU, and 1e-6 added to the sum.
    """

    name = "xgradcam"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The channels, weighted by the gradients that their own activations select."""
        space = spatial_axes(activations)
        total = tf.reduce_sum(activations, axis=space, keepdims=True)
        used = tf.reduce_sum(activations * gradients, axis=space, keepdims=True)
        return tf.reduce_sum(tf.math.divide_no_nan(used, total) * activations, axis=-1)


class LayerCAM(ActivationMap):
    """LayerCAM: each activation weighted by its own gradient, where that is positive.

        L = ReLU(sum_k ReLU(dy/dA_k) * A_k)

    Made for early layers, where a mean gradient says little of any one place, and for several
    layers joined, by their maximum. The authors' program cuts off each product, which is the same
    for activations that are nowhere negative, as behind a ReLU.

    Source: Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation Maps for
    Localization", IEEE Transactions on Image Processing, 2021.
    """

    name = "layercam"
    paper_fuse = "max"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """Activations times positive gradients, summed over channels."""
        return tf.reduce_sum(tf.nn.relu(gradients) * activations, axis=-1)
