"""Lookahead around SGD with momentum, in float64 NumPy, word for word from algorithm 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def lookahead_sgd(
    start: np.ndarray,
    gradient: Callable[[np.ndarray], np.ndarray],
    *,
    steps: int,
    rate: float,
    momentum: float,
    period: int,
    alpha: float,
) -> list[np.ndarray]:
    """The weights after each step.

    Source: Zhang et al. 2019, algorithm 1; the velocity of the fast weights is kept, as in their
        experiments.
    """
    slow = np.array(start, np.float64)
    velocity = np.zeros_like(slow)
    found: list[np.ndarray] = []
    while len(found) < steps:
        fast = slow.copy()
        for _ in range(period):
            velocity = momentum * velocity - rate * gradient(fast)
            fast = fast + velocity
            found.append(fast.copy())
        slow = slow + alpha * (fast - slow)
        found[-1] = slow.copy()
    return found[:steps]
