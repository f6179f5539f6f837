"""The suggestions of a range test, in the slowest words: double loops, one number at a time."""

from __future__ import annotations

import math


def averaged(losses: list[float], beta: float) -> list[float]:
    """Σ βⁱ⁻ʲ (1 - β) lⱼ / Σ βⁱ⁻ʲ (1 - β), j ≤ i: the weighted mean that the recursion computes."""
    found = []
    for i in range(len(losses)):
        weights = [beta ** (i - j) for j in range(i + 1)]
        found.append(sum(w * x for w, x in zip(weights, losses, strict=False)) / sum(weights))
    return found


def valley_of(rates: list[float], curve: list[float]) -> float:
    """As fastai computes it (`valley` in fastai/callback/schedule.py)."""
    count = len(curve)
    best = [1] * count
    end = 0
    for i in range(1, count):
        for j in range(i):
            if curve[i] < curve[j] and best[i] < best[j] + 1:
                best[i] = best[j] + 1
            if best[end] < best[i]:
                end = i
    start = max(end - best[end], 0)
    sections = (end - start) / 3
    return rates[start + int(sections) + int(sections / 2)]


def steepest_of(rates: list[float], curve: list[float]) -> float:
    """The rate before the step with the most negative slope by log rate."""
    slopes = [
        (curve[i + 1] - curve[i]) / (math.log(rates[i + 1]) - math.log(rates[i]))
        for i in range(len(curve) - 1)
    ]
    return rates[slopes.index(min(slopes))]


def tenth_of_minimum(rates: list[float], curve: list[float]) -> float:
    return rates[curve.index(min(curve))] / 10
