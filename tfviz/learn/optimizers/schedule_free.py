"""Whether the installed ScheduleFreeAdamW goes the way of its paper."""

from __future__ import annotations

import numpy as np

from tfviz.learn.optimizers.race import Run

# Keras's default, in the precision that it is used in.
BETA_1 = float(np.float32(0.9))
# Above what rounding makes.
NOTICED = 1e-6


def departure(run: Run) -> float:
    """The largest distance between where a step went and where the paper's rule leads.

    The rule's y = (1 - β) z + β x, where x is the mean of all z so far. Keras keeps y and z and
    works out x from them. Done with the z from before the step that is the rule; on TensorFlow
    Keras 3.15 reads z when the step has already moved it (`momentum.value` is the variable itself
    and no copy), and the mean is off.

    Args:
        run: A run of ScheduleFreeAdamW with Keras's own settings.

    Source: A. Defazio et al., "The Road Less Scheduled", 2024, algorithm 1.
    """
    y = run.points
    z = np.concatenate([y[:1], run.state["momentum"]])
    weight = 1 / np.arange(1, len(y))[:, np.newaxis]
    mean_before = (y[:-1] - (1 - BETA_1) * z[:-1]) / BETA_1
    mean = (1 - weight) * mean_before + weight * z[1:]
    expected = (1 - BETA_1) * z[1:] + BETA_1 * mean
    off = np.abs(expected - y[1:])
    return float(np.nanmax(off)) if np.isfinite(off).any() else 0.0
