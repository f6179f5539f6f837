"""A small search of learning rates, the same for everybody."""

from __future__ import annotations

import math

from tfviz.learn.optimizers.race import Run, Track

# Half decades.
TRIED = tuple(float(f"{10 ** (k / 2):.3g}") for k in range(-8, 3))


def best_rates(track: Track, tolerance: float) -> list[float]:
    """The rate of `TRIED` at which each entrant arrives first, or gets lowest.

    Args:
        track: A compiled race; it is run once for each rate.
        tolerance: As in `Track.run`.
    """
    best: list[tuple[tuple[float, float], float]] = []
    for rate in TRIED:
        runs = track.run([rate] * len(track.entrants), tolerance)
        scores = [(_score(each), rate) for each in runs]
        best = [min(pair) for pair in zip(best, scores, strict=True)] if best else scores
    return [rate for _, rate in best]


def _score(run: Run) -> tuple[float, float]:
    """Fewer steps first, then a smaller gap."""
    gap = float(run.gaps[-1])
    return (
        math.inf if run.reached is None or run.lost is not None else run.reached,
        gap if math.isfinite(gap) and run.lost is None else math.inf,
    )
