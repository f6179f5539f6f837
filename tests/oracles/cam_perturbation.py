"""Class activation maps of many passes in float64 NumPy, straight from the papers' equations.

One channel, one evaluation at a time; the network is a plain function. Nothing of TensorFlow or of
tfviz is in here. Activations are (*places, channels), inputs (*places, colours).
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from cam import gradient


def between(values, size):
    """One row of values at `size` places, linear between their middles, flat outside of them."""
    n = len(values)
    found = np.zeros(size)
    for i in range(size):
        at = min(max((i + 0.5) * n / size - 0.5, 0), n - 1)
        left = min(int(at), n - 1)
        right = min(left + 1, n - 1)
        found[i] = values[left] + (at - left) * (values[right] - values[left])
    return found


def upsampled(channel, sizes):
    """A channel at other sizes, linear along one axis after the other."""
    found = channel.astype(np.float64)
    for axis, size in enumerate(sizes):
        found = np.apply_along_axis(between, axis, found, size)
    return found


def mask(channel, sizes):
    """Wang et al. 2020, equation 8, of the channel at the input's size."""
    large = upsampled(channel, sizes)
    return (large - large.min()) / (large.max() - large.min())


def weighted_by_softmax(activations, scores):
    """Channels by the softmax of their scores; without a score a channel takes no part."""
    taken = [k for k, score in enumerate(scores) if score is not None]
    top = max(scores[k] for k in taken)
    total = sum(np.exp(scores[k] - top) for k in taken)
    heat = np.zeros(activations.shape[:-1])
    for k in taken:
        heat += np.exp(scores[k] - top) / total * activations[..., k]
    return heat


def most_varying(activations, count):
    """The channels with the largest variance over space, none that is the same everywhere."""
    places = activations.reshape(-1, activations.shape[-1])
    live = [k for k in range(places.shape[1]) if places[:, k].max() > places[:, k].min()]
    return sorted(live, key=lambda k: -places[:, k].var())[:count]


def score_cam(image, activations, score, *, channels=None, baseline=0.0, masks=None):
    """Wang et al. 2020, algorithm 1; `masks` gives all masks of a channel, as a list."""
    sizes, number = image.shape[:-1], activations.shape[-1]
    scores = [None] * number
    for k in most_varying(activations, number if channels is None else channels):
        single = mask(activations[..., k], sizes)
        each = [single] if masks is None else masks(single)
        seen = [score(baseline + (image - baseline) * m[..., None]) for m in each]
        scores[k] = sum(seen) / len(seen)
    return weighted_by_softmax(activations, scores)


def noisy_masks(noise):
    """Wang et al. 2020 (SS-CAM): the mask under each of several noises."""
    return lambda single: [single + each for each in noise]


def growing_masks(steps):
    """Naidu et al. 2020 (IS-CAM): the mask from faint to full."""
    return lambda single: [single * i / steps for i in range(1, steps + 1)]


def ablation_cam(activations, score):
    """Desai and Ramaswamy 2020, without the division by the score."""
    heat = np.zeros(activations.shape[:-1])
    for k in range(activations.shape[-1]):
        without = activations.copy()
        without[..., k] = 0
        heat += (score(activations) - score(without)) * activations[..., k]
    return heat


def shapley_cam(activations, score, step=1e-3):
    """Cai 2025: Grad-CAM of g - H A / 2, the Hessian along A by central differences."""
    slope = gradient(score, activations, step)
    ahead = gradient(score, activations * (1 + step), step)
    behind = gradient(score, activations * (1 - step), step)
    corrected = slope - 0.5 * (ahead - behind) / (2 * step)
    heat = np.zeros(activations.shape[:-1])
    for k in range(activations.shape[-1]):
        heat += corrected[..., k].mean() * activations[..., k]
    return heat


def shapley_values(values, score):
    """Each number's Shapley value, over all coalitions of the others; who is out is 0."""
    n = len(values)
    found = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for coalition in combinations(others, size):
                present = np.zeros(n)
                present[list(coalition)] = values[list(coalition)]
                before = score(present)
                present[i] = values[i]
                found[i] += (score(present) - before) / (n * comb(n - 1, size))
    return found
