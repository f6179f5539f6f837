"""What a few dozen photos can say: how wide a mean is, and which of many differences are noise."""

from __future__ import annotations

import numpy as np

LEVEL = 0.05
DRAWS = 20_000


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % of the means of values when photos are drawn again with replacement."""
    drawn = np.random.default_rng(seed).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def chance(differences: np.ndarray, seed: int = 0) -> float:
    """How likely a mean so far from 0 is, where each photo's difference may have either sign.

    The sign-flip test: exact at any number of photos, but for the number of draws.
    """
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), (DRAWS, len(differences)))
    found = np.abs((signs * differences).mean(axis=1))
    mean = abs(differences.mean())
    return float((1 + (found >= mean - 1e-9).sum()) / (1 + DRAWS))


def significant(chances: dict[str, float]) -> set[str]:
    """Which of several comparisons are beyond noise, all together at 5 % (Holm's method)."""
    beyond = set()
    ranked = sorted(chances, key=chances.__getitem__)
    for rank, name in enumerate(ranked):
        if chances[name] > LEVEL / (len(ranked) - rank):
            break
        beyond.add(name)
    return beyond
