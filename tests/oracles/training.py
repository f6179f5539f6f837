"""Slow twins, float64 NumPy, of what a training step does between tape and weights."""

from __future__ import annotations

import numpy as np


def norm_of(gradients: list[np.ndarray]) -> float:
    """The norm of all gradients as one vector."""
    return float(np.sqrt(sum((np.asarray(each, np.float64) ** 2).sum() for each in gradients)))


def clipped(gradients: list[np.ndarray], limit: float) -> list[np.ndarray]:
    """Scaled down so that the norm of all together is at most `limit`."""
    norm = norm_of(gradients)
    factor = 1.0 if norm <= limit else limit / norm
    return [np.asarray(each, np.float64) * factor for each in gradients]


def averages(weights: list[np.ndarray], momentum: float) -> np.ndarray:
    """The moving average over the values that a weight had after each step."""
    average = np.asarray(weights[0], np.float64)
    for each in weights[1:]:
        average = momentum * average + (1 - momentum) * np.asarray(each, np.float64)
    return average


def linear_gradients(
    x: np.ndarray, y: np.ndarray, kernel: np.ndarray, bias: np.ndarray, weight: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients of a weighted mean squared error of one linear layer.

    L = 1/n Σᵢ wᵢ 1/m Σⱼ (xᵢ·kernel + bias - yᵢ)ⱼ²
    """
    x, y, kernel = (np.asarray(each, np.float64) for each in (x, y, kernel))
    error = x @ kernel + bias - y
    count, units = error.shape
    loss = float((weight[:, None] * error**2).sum() / (count * units))
    slope = 2 * weight[:, None] * error / (count * units)
    return loss, [x.T @ slope, slope.sum(axis=0)]
