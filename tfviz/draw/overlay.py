"""A map laid over the photo that it explains."""

from __future__ import annotations

import numpy as np

from tfviz.draw.colormaps import DEFAULT, DIVERGING, colorize
from tfviz.errors import InputError

ALPHA = 0.65
"""How much of the hottest pixel is colour. The object stays recognisable beneath it."""

# Half of the peak counts as hot: from there on the colour is as strong as at the peak, and the
# colour alone tells how hot.
HOT = 0.5

# Unseen parts lose their colour and come half-way towards a light page.
PAGE = 235.0
FADE = 0.5

STRIP_PIXELS = 32_768


def normalize(heat: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Scales a map to 0..1 for drawing.

    A map without negative values is divided by its largest one, where that is positive: zero
    stays zero, and a blank map stays blank. A map with negative values is laid symmetrically
    around zero, which becomes 0.5.

    Args:
        heat: Floats of any shape; NaN where the model saw nothing.

    Returns:
        The scaled float32 values, NaN where they were, and the raw values that 0 and 1 stand
        for. The lower of them is negative exactly for signed maps.

    Raises:
        InputError: If a value is infinite.

    >>> normalize(np.array([0.0, 1.0, 4.0]))
    (array([0.  , 0.25, 1.  ], dtype=float32), 0.0, 4.0)
    >>> normalize(np.array([-1.0, 0.0, 2.0]))
    (array([0.25, 0.5 , 1.  ], dtype=float32), -2.0, 2.0)
    """
    heat = np.asarray(heat)
    if not np.issubdtype(heat.dtype, np.floating):
        heat = heat.astype(np.float64)
    if np.isinf(heat).any():
        raise InputError(
            f"{np.count_nonzero(np.isinf(heat))} of the map's {heat.size} values are infinite: "
            "look for the cause in the model before drawing it."
        )
    unseen = np.isnan(heat)
    low = float(np.min(heat, where=~unseen, initial=0.0))
    high = float(np.max(heat, where=~unseen, initial=0.0))
    peak = max(-low, high)
    if not peak:
        return heat.astype(np.float32), 0.0, 0.0
    scaled = (heat / heat.dtype.type(peak)).astype(np.float32)
    if low < 0:
        # Halved after the division: half of the smallest float is zero.
        return scaled / 2 + np.float32(0.5), -peak, peak
    return scaled, 0.0, peak


def overlay(
    rgb: np.ndarray,
    heat: np.ndarray,
    *,
    colormap: str | None = None,
    alpha: float = ALPHA,
) -> np.ndarray:
    """Draws a map over its photo.

    The colour is stronger where the map is: cold parts keep the photo as it is, and from half of
    the peak on the colour has its full strength `alpha`. Pixels that the model didn't see (NaN)
    are shown faded and without colour.

    Args:
        rgb: The photo, uint8 of shape (height, width, 3).
        heat: The raw map, floats of shape (height, width); see `tfviz.image.to_photo`.
        colormap: A name for `colorize`; by default `DEFAULT`, or `DIVERGING` for signed maps.
        alpha: From 0 (only the photo) to 1 (hot parts hide the photo).

    Returns:
        uint8 of shape (height, width, 3).

    Raises:
        InputError: If the shapes don't belong together, alpha is out of range, the map isn't
            finite or there is no such colour map.
    """
    check_pair(rgb, heat, alpha)
    values, low, _ = normalize(heat)
    name = colormap or default_colormap(low)
    result = np.empty_like(rgb)
    # In strips that fit into the processor's cache: three times as fast for a large photo, and
    # its twelve bytes a pixel of intermediate values are never there all at once.
    rows = max(1, STRIP_PIXELS // rgb.shape[1]) if rgb.shape[1] else 1
    for first in range(0, len(rgb), rows):
        part = slice(first, first + rows)
        result[part] = _blend(rgb[part], values[part], name, alpha, signed=low < 0)
    return result


def _blend(
    rgb: np.ndarray, values: np.ndarray, colormap: str, alpha: float, *, signed: bool
) -> np.ndarray:
    """The colours of scaled values over their photo: uint8 of the photo's shape."""
    strength = np.abs(values - 0.5) * 2 if signed else values
    unseen = np.isnan(values)
    weight = alpha * _smooth_step(np.nan_to_num(strength) / HOT)
    mixed = rgb.astype(np.float32)
    mixed += weight[..., np.newaxis] * (colorize(values, colormap) - mixed)
    if unseen.any():
        luma = rgb[unseen] @ np.array([0.299, 0.587, 0.114], np.float32)
        mixed[unseen] = (luma + FADE * (PAGE - luma))[:, np.newaxis]
    return np.rint(mixed).astype(np.uint8)


def default_colormap(low: float) -> str:
    """The colour map that suits a map whose scale starts at `low`, from `normalize`."""
    return DIVERGING if low < 0 else DEFAULT


def _smooth_step(values: np.ndarray) -> np.ndarray:
    """From 0 to 1 without an edge at either end."""
    clipped = np.clip(values, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)


def check_pair(rgb: np.ndarray, heat: np.ndarray, alpha: float) -> None:
    """Raises InputError unless a map can be drawn over a photo."""
    if rgb.ndim != 3 or rgb.shape[-1] != 3 or rgb.dtype != np.uint8:
        raise InputError(
            "a photo to draw on is a uint8 array of shape (height, width, 3), but this one has the "
            f"shape {rgb.shape} and the type {rgb.dtype}: convert it first."
        )
    if heat.shape != rgb.shape[:2]:
        raise InputError(
            f"the map has the shape {heat.shape}, but the photo's is {rgb.shape[:2]}: bring the "
            "map to the photo with tfviz.image.to_photo first."
        )
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is {alpha}, but it is a share: use 0 to 1.")
