"""The strongest pattern of a layer: its first principal component, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.explain.method import ActivationMap
from tfviz.explain.scene import Scene


class EigenCAM(ActivationMap):
    """EigenCAM: activations projected on their first principal direction.

        A = U S V^T, one row a place, one column a channel        L = A v_1

    Not centred, and signed, as in the paper; pytorch-grad-cam centres the channels first, which
    shows what varies most in place of what is strongest. A direction has no sign of its own: here
    the sum of v_1 is positive, by which the map and the plain sum over channels have a positive
    inner product (it is s_1^2 times that sum). Of activations that are nowhere negative, neither
    is the map.

    Source: Muhammad and Yeasin, "Eigen-CAM: Class Activation Map using Principal Components",
    IJCNN 2020.
    """

    name = "eigencam"
    paper_relu = False
    class_agnostic = True

    def trace(self, scene: Scene) -> Any:
        """Each layer's activations, projected."""
        return [project(A) for A in scene.activations]


class EigenGradCAM(ActivationMap):
    """Eigen-Grad-CAM: EigenCAM of activations times their gradients, so that the class counts.

        dy/dA * A = U S V^T        L = ReLU((dy/dA * A) v_1)

    The sign of v_1 is EigenCAM's: the map and HiResCAM's have a positive inner product.

    Source: `EigenGradCAM` of pytorch-grad-cam, after Muhammad and Yeasin 2020; there is no paper.
    That one is centred, this one is not, as EigenCAM isn't.
    """

    name = "eigengradcam"

    @staticmethod
    def combine(activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The products, projected."""
        return project(activations * gradients)


def project(values: tf.Tensor) -> tf.Tensor:
    """Values at places, projected on the direction of their channels that holds most of them.

    By the eigenvectors of the smaller one of the two Gram matrices: of 49 places and 2048 channels
    that is 49 x 49. Each input is divided by its largest value before, so that squares neither
    overflow nor vanish. An input with NaN or infinity in it is NaN everywhere.

    Args:
        values: (batch, *spatial, channels) float32.

    Returns:
        (batch, *spatial) float32.
    """
    shape = tf.shape(values)
    rows = tf.reshape(values, [shape[0], -1, shape[-1]])
    # Of what isn't finite no eigenvectors are found, and an error would take the whole batch.
    finite = tf.reduce_all(tf.math.is_finite(rows), axis=[1, 2], keepdims=True)
    rows = tf.where(finite, rows, 0.0)
    largest = tf.reduce_max(tf.abs(rows), axis=[1, 2], keepdims=True)
    rows = tf.math.divide_no_nan(rows, largest)

    def by_channels() -> tf.Tensor:
        v = tf.linalg.eigh(tf.matmul(rows, rows, transpose_a=True))[1][..., -1]
        sign = tf.where(tf.reduce_sum(v, axis=1, keepdims=True) < 0, -1.0, 1.0)
        return tf.linalg.matvec(rows, sign * v)

    def by_places() -> tf.Tensor:
        # A A^T u = s^2 u, and A v = s u: the map is u by its length, the square root of s^2.
        squares, vectors = tf.linalg.eigh(tf.matmul(rows, rows, transpose_b=True))
        u, length = vectors[..., -1], tf.sqrt(tf.maximum(squares[..., -1:], 0.0))
        v = tf.linalg.matvec(rows, u, transpose_a=True)
        sign = tf.where(tf.reduce_sum(v, axis=1, keepdims=True) < 0, -1.0, 1.0)
        return sign * length * u

    places, channels = _places(values), values.shape[-1]
    if places is not None and channels is not None:
        found = by_places() if places <= channels else by_channels()
    else:
        fewer = tf.shape(rows)[1] <= shape[-1]
        found = tf.cond(fewer, by_places, by_channels)
    return tf.reshape(tf.where(finite[:, 0], found * largest[:, 0], np.nan), shape[:-1])


def _places(values: tf.Tensor) -> int | None:
    number = 1
    for size in values.shape[1:-1]:
        if size is None:
            return None
        number *= size
    return number
