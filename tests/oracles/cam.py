"""Class activation maps of one look in float64 NumPy, straight from the papers' equations.

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
    """Draelos and Carin 2020, before the ReLU."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        heat += gradients[:, :, k] * activations[:, :, k]
    return heat


def cam(activations, weights):
    """Zhou et al. 2016, equation 2: `weights` of the linear layer that reads the averages."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        heat += weights[k] * activations[:, :, k]
    return heat


def grad_cam_pp(activations, gradients):
    """Chattopadhyay et al. 2018: alpha of the second and third derivatives of exp(score)."""
    rows, columns, channels = activations.shape
    heat = np.zeros((rows, columns))
    for k in range(channels):
        total, weight = activations[:, :, k].sum(), 0.0
        for i in range(rows):
            for j in range(columns):
                g = gradients[i, j, k]
                below = 2 * g**2 + total * g**3
                alpha = g**2 / below if below != 0 else 0.0
                weight += alpha * max(g, 0.0)
        heat += weight * activations[:, :, k]
    return heat


def smooth_grad_cam_pp(activations, noisy_gradients):
    """Omeiza et al. 2019, with the second derivative above the line of alpha."""
    rows, columns, channels = activations.shape
    n = len(noisy_gradients)
    heat = np.zeros((rows, columns))
    for k in range(channels):
        total, weight = activations[:, :, k].sum(), 0.0
        for i in range(rows):
            for j in range(columns):
                d1 = sum(g[i, j, k] for g in noisy_gradients) / n
                d2 = sum(g[i, j, k] ** 2 for g in noisy_gradients) / n
                d3 = sum(g[i, j, k] ** 3 for g in noisy_gradients) / n
                below = 2 * d2 + total * d3
                weight += (d2 / below if below != 0 else 0.0) * max(d1, 0.0)
        heat += weight * activations[:, :, k]
    return heat


def x_grad_cam(activations, gradients):
    """Fu et al. 2020: gradients weighted by the share of each activation in its channel."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        share = activations[:, :, k] / activations[:, :, k].sum()
        heat += (share * gradients[:, :, k]).sum() * activations[:, :, k]
    return heat


def elementwise(activations, gradients):
    """Positive products of activations and gradients."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        heat += np.maximum(gradients[:, :, k] * activations[:, :, k], 0)
    return heat


def layer_cam(activations, gradients):
    """Jiang et al. 2021, before the ReLU."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        heat += np.maximum(gradients[:, :, k], 0) * activations[:, :, k]
    return heat


def first_component(values):
    """Values times their first right singular vector, whose sum is made positive."""
    rows, columns, channels = values.shape
    table = values.reshape(rows * columns, channels)
    v = np.linalg.svd(table, full_matrices=False)[2][0]
    v = v if v.sum() >= 0 else -v
    return (table @ v).reshape(rows, columns)


def eigen_cam(activations, gradients=None):
    """Muhammad and Yeasin 2020."""
    return first_component(activations)


def eigen_grad_cam(activations, gradients):
    """The same of activations times gradients."""
    return first_component(activations * gradients)


def fem(activations, gradients=None, deviations=2.0):
    """Fuad et al. 2020: mean of a channel where it is `deviations` above its mean."""
    heat = np.zeros(activations.shape[:2])
    for k in range(activations.shape[2]):
        channel = activations[:, :, k]
        heat += channel.mean() * (channel > channel.mean() + deviations * channel.std())
    return heat


def nearest_classes(logits, unit, count):
    """The classes whose logits lie nearest to that of `unit`."""
    order = sorted((abs(logits[j] - logits[unit]), j) for j in range(len(logits)) if j != unit)
    return [j for _, j in order[:count]]


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
