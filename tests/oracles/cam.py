"""Grad-CAM and HiResCAM in float64 NumPy, straight from the papers' equations.

Slow and obviously right: gradients by central differences, sums as loops over channels. The head of
the network is a plain function, so nothing of TensorFlow or of tfviz is in here.
"""

from __future__ import annotations

import numpy as np


def gradient(score, activations, step=1e-4):
    """d score / d activations by central differences, exact for piecewise linear heads."""
    found = np.zeros_like(activations)
    for index in np.ndindex(activations.shape):
        up, down = activations.copy(), activations.copy()
        up[index] += step
        down[index] -= step
        found[index] = (score(up) - score(down)) / (2 * step)
    return found


def grad_cam(activations, gradients):
    """Selvaraju et al. 2017, equations 1 and 2, before the ReLU."""
    rows, columns, channels = activations.shape
    heat = np.zeros((rows, columns))
    for k in range(channels):
        weight = gradients[:, :, k].sum() / (rows * columns)
        heat += weight * activations[:, :, k]
    return heat


def hires_cam(activations, gradients):
    """Draelos and Carin 2020, equation 4, before the ReLU."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        heat += gradients[:, :, k] * activations[:, :, k]
    return heat


def conv_valid(image, kernel, bias):
    """A 'valid' convolution of (h, w, c) with (kh, kw, c, k), as Keras defines it."""
    kh, kw, _, filters = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    out = np.zeros((rows, columns, filters))
    for i in range(rows):
        for j in range(columns):
            patch = image[i : i + kh, j : j + kw]
            for f in range(filters):
                out[i, j, f] = (patch * kernel[..., f]).sum() + bias[f]
    return out


def max_pool(maps, size=2):
    """Max pooling with windows of `size` beside each other."""
    rows, columns, channels = maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]
    out = np.zeros((rows, columns, channels))
    for i in range(rows):
        for j in range(columns):
            window = maps[i * size : (i + 1) * size, j * size : (j + 1) * size]
            out[i, j] = window.reshape(-1, channels).max(axis=0)
    return out
