"""Overlays by their formula in float64, and colours as eyes see them."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2lab

# Gustavo M. Machado, Manuel M. Oliveira and Leandro A. F. Fernandes, A Physiologically-based Model
# for Simulation of Color Vision Deficiency, 2009, table of severity 1; for linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def lab_seen(rgb: np.ndarray, vision: str) -> np.ndarray:
    """CIE Lab of 0..255 sRGB colours of shape (..., 3) as an eye with that vision sees them."""
    share = np.asarray(rgb, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ VISION[vision].T, 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded)


def overlay_by_formula(
    rgb: np.ndarray, values: np.ndarray, colours: np.ndarray, alpha: float, signed: bool
) -> np.ndarray:
    """What `tfviz.draw.overlay` should give, not rounded.

    Args:
        rgb: The photo, of at most 65,536 pixels.
        values: The map, scaled to 0..1.
        colours: The colour of every pixel of the map.
        alpha: Strength.
        signed: Whether 0.5 is zero.
    """
    photo = rgb.astype(np.float64)
    # Halves are rounded up.
    luma = np.floor(photo @ [0.299, 0.587, 0.114] + 0.5 + 1e-9)
    # The percentile as the smallest value that so many are not above.
    ordered = np.sort(luma.ravel())
    low, high = (ordered[int(np.ceil(share * ordered.size)) - 1] for share in (0.01, 0.99))
    if high - low < 85:
        low, high = (low + high) / 2 - 42.5, (low + high) / 2 + 42.5
    gray = 20 + 215 * np.clip((luma - low) / (high - low), 0, 1) ** 0.7
    toned = min(1.0, alpha / 0.6)
    base = toned * gray[..., np.newaxis] + (1 - toned) * photo
    hot = alpha * colours + (1 - alpha) * base
    strength = np.abs(values - 0.5) * 2 if signed else values
    x = np.clip(np.nan_to_num(strength) / 0.5, 0, 1)
    weight = (x * x * (3 - 2 * x))[..., np.newaxis]
    mixed = photo + weight * (hot - photo)
    exact_luma = photo @ [0.299, 0.587, 0.114]
    faded = (exact_luma + 0.5 * (235 - exact_luma))[..., np.newaxis]
    return np.where(np.isnan(values)[..., np.newaxis], faded, mixed)
