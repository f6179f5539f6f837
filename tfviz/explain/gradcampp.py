"""Grad-CAM++ and its smoothed form: gradients weighted place by place before they are summed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.errors import InputError
from tfviz.explain.cam import spatial_axes
from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene
from tfviz.explain.work import Work


class GradCAMPlusPlus(ActivationMap):
    """Grad-CAM++: channels weighted by their positive gradients, the fewer of them the more.

        alpha_kij = g^2 / (2 g^2 + g^3 sum_ab A_kab)        g = dy/dA_kij
        w_k = sum_ij alpha_kij ReLU(g)        L = ReLU(sum_k w_k A_k)

    The paper explains Y = exp(y), whose higher derivatives are powers of g where the network
    behind the layer is piecewise linear; the common factor exp(y) of all weights, which overflows
    for large logits, is left out. So a constant added to all logits changes nothing, and scaling
    them changes more than the scale of the map, as in the paper.

    Nothing is added to the denominator; where it is 0, so is the weight. Made for activations that
    are nowhere negative: of a channel whose sum is negative the denominator can come near 0 or
    below, and its weight be large or negative.

    Source: Chattopadhyay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for
    Deep Convolutional Networks", WACV 2018, the weights for Y = exp(S).
    """

    name = "gradcam++"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The channels, weighted by their weighted positive gradients."""
        total = tf.reduce_sum(activations, axis=spatial_axes(activations), keepdims=True)
        # alpha ReLU(g), divided through by g^2: a small gradient's square is soon 0 in float32.
        positive = tf.nn.relu(gradients)
        each = tf.math.divide_no_nan(positive, 2.0 + positive * total)
        weights = tf.reduce_sum(each, axis=spatial_axes(each), keepdims=True)
        return tf.reduce_sum(weights * activations, axis=-1)


class SmoothGradCAMPlusPlus(ActivationMap):
    """Smooth Grad-CAM++: Grad-CAM++ of derivatives that are means over noisy inputs.

        D1, D2, D3 = means of g, g^2, g^3 over n inputs with noise
        alpha_kij = D2 / (2 D2 + D3 sum_ab A_kab)
        w_k = sum_ij alpha_kij ReLU(D1)        L = ReLU(sum_k w_k A_k)

    A is that of the input without noise. The paper has D1 in the place of alpha's numerator, by
    which n = 1 without noise would not be Grad-CAM++; like TorchCAM we read D2. The noise is
    measured as SmoothGrad measures it, so that it means the same for pixels of any range.

    Source: Omeiza et al., "Smooth Grad-CAM++: An Enhanced Inference Level Visualization Technique
    for Deep Convolutional Neural Network Models", 2019; the noise, Smilkov et al., "SmoothGrad:
    removing noise by adding noise", 2017.

    Args:
        model: As for every method.
        layer: The same.
        samples: How many noisy inputs.
        noise: Standard deviation of the noise, as a part of the range of each input's values.
        seed: Of the noise, which is the same for every input.
        **options: As for every method.
    """

    name = "smoothgradcam++"

    def __init__(
        self,
        model: keras.Model,
        layer: Any = None,
        *,
        samples: int = 8,
        noise: float = 0.15,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if samples < 1:
            raise InputError(f"samples={samples}: at least one noisy input is needed.")
        if not 0 <= noise < np.inf:
            raise InputError(f"noise={noise}: it is a part of the range of values, 0 or more.")
        self.samples = samples
        self.noise = float(noise)
        self.seed = seed
        super().__init__(model, layer, **options)

    @property
    def settings(self) -> tuple[Hashable, ...]:
        """How large the noise is, which is part of what is traced."""
        return (self.noise,)

    def trace(self, scene: Scene) -> Any:
        """The activations of the input itself."""
        return scene.activations

    def run(self, work: Work) -> Any:
        """Add up powers of gradients, as many noisy inputs at once as fit."""
        activations = work.look()
        sums: Any = None
        for rows in work.chunks(self.samples):
            noise = self._noise(work.inputs, range(rows.start, rows.stop))
            made = work.further(self._powers, *noise)
            sums = made if sums is None else keras.tree.map_structure(tf.add, sums, made)
        return [
            _map(A, *(power / self.samples for power in powers))
            for A, powers in zip(activations, sums, strict=True)
        ]

    def _noise(self, inputs: Any, samples: range) -> list[np.ndarray]:
        """Noise for each input that has places, (1, samples, ...): its own for each sample."""
        return [
            np.stack(
                [
                    np.random.default_rng((self.seed, index, sample)).standard_normal(
                        each.shape[1:], dtype=np.float32
                    )
                    for sample in samples
                ]
            )[None]
            for index, each in enumerate(keras.tree.flatten(inputs))
            if _noisy(each)
        ]

    def _powers(self, scene: Scene, *noise: tf.Tensor) -> Any:
        waiting = list(noise)
        copies = tf.shape(noise[0])[1]

        def disturbed(each: tf.Tensor) -> tf.Tensor:
            repeated = scene.repeated(each, copies)
            if not _noisy(each):
                return repeated
            places = list(range(1, len(each.shape)))
            high, low = tf.reduce_max(each, places, True), tf.reduce_min(each, places, True)
            wave = tf.tile(waiting.pop(0)[0], [tf.shape(each)[0], *[1] * len(places)])
            size = scene.repeated(self.noise * tf.cast(high - low, tf.float32), copies)
            return repeated + tf.cast(size * wave, each.dtype)

        other = scene.at(keras.tree.map_structure(disturbed, scene.inputs), copies=copies)
        return [
            [tf.reduce_sum(other.by_copy(G**power), axis=1) for power in (1, 2, 3)]
            for G in other.gradients
        ]


def _noisy(tensor: tf.Tensor) -> bool:
    return bool(tensor.dtype.is_floating) and len(tensor.shape) > 2


def _map(A: tf.Tensor, first: tf.Tensor, second: tf.Tensor, third: tf.Tensor) -> tf.Tensor:
    total = tf.reduce_sum(A, axis=spatial_axes(A), keepdims=True)
    alpha = tf.math.divide_no_nan(second, 2 * second + third * total)
    weights = tf.reduce_sum(alpha * tf.nn.relu(first), axis=spatial_axes(A), keepdims=True)
    return tf.reduce_sum(weights * A, axis=-1)
