"""What a picture of a map would hide, in words: one note per input, empty for an ordinary map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Far below what float32 arithmetic leaves of a gradient that means something.
FAINTEST_GRADIENT = 1e-12


def notes_on(
    signed: np.ndarray,
    gradient_peaks: np.ndarray | None,
    scores: np.ndarray,
    *,
    relu: bool,
    nothing: Sequence[str],
) -> tuple[str, ...]:
    """Say of each map that is blank, faint, all-negative or not finite why it is.

    Args:
        signed: Maps before any ReLU, (batch, *spatial) float32.
        gradient_peaks: Largest absolute gradient of each input at the layer, (batch,); None for a
            method that takes none.
        scores: Explained scores, (batch,).
        relu: Whether negative values are cut off.
        nothing: Why there is nothing to explain in an input, one each; '' where there is.
    """
    axes = tuple(range(1, signed.ndim))
    finite = np.isfinite(signed).all(axis=axes) & np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        high, low = signed.max(axis=axes), signed.min(axis=axes)
    peaks = [None] * len(signed) if gradient_peaks is None else [float(g) for g in gradient_peaks]
    return tuple(
        f"blank: {nothing[i]}"
        if nothing[i]
        else _note(bool(finite[i]), float(high[i]), float(low[i]), peaks[i], relu)
        for i in range(len(signed))
    )


def _note(finite: bool, high: float, low: float, gradient_peak: float | None, relu: bool) -> str:
    if not finite:
        return (
            "not finite: the input, or the model's activations, gradients or score hold NaN or "
            "infinity"
        )
    if gradient_peak == 0:
        return "blank: the score does not change with this layer (its gradient is zero everywhere)"
    if high == 0 and low == 0 and gradient_peak is None:
        return "blank: the activations are zero everywhere here, or they cancel"
    if high == 0 and low == 0:
        return (
            "blank: the activations are zero everywhere here, or their gradient is, or they cancel"
        )
    if relu and high <= 0:
        return (
            "blank: all evidence at this layer speaks against the target "
            f"(the map before its ReLU is {low:.3g} to {high:.3g}); relu=False shows it, and for a "
            f"single output the target 'negative' explains what lowers it"
        )
    if gradient_peak is not None and gradient_peak < FAINTEST_GRADIENT:
        return (
            f"next to nothing: the largest gradient is {gradient_peak:.1g}, as of a probability "
            f"where the model is sure; colours show its pattern, not its strength"
        )
    return ""
