"""A map laid over the photo that it explains."""

from __future__ import annotations

import math

import numpy as np

from tfviz.draw.colormaps import DEFAULT, DIVERGING, LEVELS, table
from tfviz.errors import InputError
from tfviz.image.opencv import cv2

ALPHA = 0.6
"""How much of the hottest pixel is colour. The object stays recognisable beneath it."""

# Half of the peak counts as hot: from there on the colour is as strong as at the peak, and the
# colour alone tells how hot.
HOT = 0.5

# Under the colour the photo turns into an even gray picture: its own colours would shift those of
# the map (plasma's yellow vanishes on a yellow wall), its own black would drown them. The darkest
# and the lightest gray leave the colour on top its brightness.
BASE = (20.0, 235.0)
# Lifts shadows, where a dark photo keeps its detail.
GAMMA = 0.7
# The luma's span from its 1st to its 99th percentile is stretched to the whole scale, at most
# three times: more would show the camera's noise.
OUTLIERS = 0.01
LEAST_SPAN = 85.0
# Percentiles of so many pixels are those of the whole photo.
ENOUGH_PIXELS = 65_536

# Unseen parts lose their colour and come half-way towards a light page.
PAGE = 235.0
FADE = 0.5

STRIP_PIXELS = 8_192


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
    low, high = span(heat)
    return scale(heat, low, high), low, high


def scale(heat: np.ndarray, low: float, high: float) -> np.ndarray:
    """A map, or a smaller copy of it, on the scale of `normalize`.

    Args:
        heat: Floats of any shape.
        low: The raw value that becomes 0, from `normalize`.
        high: The raw value that becomes 1, from `normalize`.

    Returns:
        float32 of the same shape.
    """
    if not high:
        return heat.astype(np.float32)
    # Copied only if need be: fresh memory costs more than the division.
    scaled = (heat / heat.dtype.type(high)).astype(np.float32, copy=False)
    # Halved after the division: half of the smallest float is zero.
    return scaled / 2 + np.float32(0.5) if low < 0 else scaled


def span(heat: np.ndarray) -> tuple[float, float]:
    """The raw values that 0 and 1 stand for, as in `normalize`, without scaling the map."""
    low, high = float(heat.min(initial=0.0)), float(heat.max(initial=0.0))
    if not (math.isfinite(low) and math.isfinite(high)):
        low, high = _range_of_seen(heat)
    peak = max(-low, high)
    return (-peak if low < 0 else 0.0), peak


def _range_of_seen(heat: np.ndarray) -> tuple[float, float]:
    """Lowest and highest value of a map with NaN in it, zero included."""
    infinite = int(np.count_nonzero(np.isinf(heat)))
    if infinite:
        raise InputError(
            f"{infinite} of the map's {heat.size} values are infinite: look for the cause in the "
            "model before drawing it."
        )
    seen = ~np.isnan(heat)
    return (
        float(np.min(heat, where=seen, initial=0.0)),
        float(np.max(heat, where=seen, initial=0.0)),
    )


def overlay(
    rgb: np.ndarray,
    heat: np.ndarray,
    *,
    colormap: str | None = None,
    alpha: float = ALPHA,
) -> np.ndarray:
    """Draws a map over its photo.

    Cold parts keep the photo as it is. The warmer the map, the more the photo gives its own colour
    away to that of the map: from half of the peak on it is an even gray picture (its contrast
    stretched, so that night scenes keep their detail) under `alpha` of colour. So a colour means
    the same on every photo. Pixels that the model didn't see (NaN) are shown faded and without
    colour.

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
    return blend(rgb, values, colormap or default_colormap(low), alpha, signed=low < 0)


def blend(
    rgb: np.ndarray, values: np.ndarray, colormap: str, alpha: float, *, signed: bool
) -> np.ndarray:
    """The colours of a scaled map over its photo.

    Args:
        rgb: The photo, uint8 of shape (height, width, 3).
        values: The map from `normalize`, float32 of shape (height, width).
        colormap: A name for `colorize`.
        alpha: As for `overlay`.
        signed: Whether 0.5 stands for zero.

    Returns:
        uint8 of shape (height, width, 3).
    """
    colours = table(colormap)
    result = np.empty(rgb.shape, np.uint8)
    if not rgb.size:
        return result
    tones = _tones(rgb)
    some_unseen = bool(np.isnan(values).any())
    # In strips that fit into the processor's cache: twice as fast, also for a small photo, and
    # its bytes of intermediate values are never there all at once.
    rows = max(1, STRIP_PIXELS // rgb.shape[1])
    for first in range(0, len(rgb), rows):
        part = slice(first, first + rows)
        photo = np.ascontiguousarray(rgb[part])
        scaled = values[part].copy() if some_unseen else values[part]
        if some_unseen:
            unseen = np.isnan(scaled)
            cv2().patchNaNs(scaled, 0)
        mixed = _blend(photo, scaled, colours, tones, alpha, signed=signed)
        if some_unseen:
            mixed = cv2().copyTo(_faded(photo), unseen.view(np.uint8), mixed)
        result[part] = mixed
    return result


def _blend(
    photo: np.ndarray,
    values: np.ndarray,
    colours: np.ndarray,
    tones: np.ndarray,
    alpha: float,
    *,
    signed: bool,
) -> np.ndarray:
    """One strip, by OpenCV: it needs few bytes a pixel, and other threads run meanwhile."""
    opencv = cv2()
    levels = opencv.convertScaleAbs(values, alpha=LEVELS - 1)
    colour = opencv.applyColorMap(levels, colours[:, np.newaxis])
    gray = opencv.LUT(opencv.cvtColor(photo, opencv.COLOR_RGB2GRAY), tones)
    gray = opencv.cvtColor(gray, opencv.COLOR_GRAY2RGB)
    # A faint overlay leaves the photo some of its colours.
    toned = min(1.0, alpha / ALPHA)
    base = gray if toned == 1 else opencv.addWeighted(gray, toned, photo, 1 - toned, 0)
    hot = opencv.addWeighted(colour, alpha, base, 1 - alpha, 0)
    strength = np.abs(values - np.float32(0.5)) * np.float32(2) if signed else values
    weight = _smooth_step(strength * np.float32(1 / HOT))
    return opencv.blendLinear(photo, hot, 1 - weight, weight)


def _faded(photo: np.ndarray) -> np.ndarray:
    """The photo without its colours, on its way to the page."""
    opencv = cv2()
    luma = np.arange(256)
    towards = np.rint(luma + FADE * (PAGE - luma)).astype(np.uint8)
    gray = opencv.LUT(opencv.cvtColor(photo, opencv.COLOR_RGB2GRAY), towards)
    return opencv.cvtColor(gray, opencv.COLOR_GRAY2RGB)


def _tones(rgb: np.ndarray) -> np.ndarray:
    """What gray every luma becomes under the colour: uint8 of shape (256,)."""
    step = max(1, int(np.sqrt(rgb.shape[0] * rgb.shape[1] / ENOUGH_PIXELS)))
    opencv = cv2()
    some = opencv.cvtColor(np.ascontiguousarray(rgb[::step, ::step]), opencv.COLOR_RGB2GRAY)
    counts = np.cumsum(opencv.calcHist([some], [0], None, [256], [0, 256]))
    share = counts / counts[-1]
    low = float(np.searchsorted(share, OUTLIERS))
    high = float(np.searchsorted(share, 1 - OUTLIERS))
    if high - low < LEAST_SPAN:
        middle = (low + high) / 2
        low, high = middle - LEAST_SPAN / 2, middle + LEAST_SPAN / 2
    stretched = np.clip((np.arange(256) - low) / (high - low), 0, 1)
    darkest, lightest = BASE
    return np.rint(darkest + (lightest - darkest) * stretched**GAMMA).astype(np.uint8)


def default_colormap(low: float) -> str:
    """The colour map that suits a map whose scale starts at `low`, from `normalize`."""
    return DIVERGING if low < 0 else DEFAULT


def _smooth_step(values: np.ndarray) -> np.ndarray:
    """From 0 to 1 without an edge at either end, for values that aren't negative."""
    clipped = np.minimum(values, np.float32(1))
    return clipped * clipped * (np.float32(3) - np.float32(2) * clipped)


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
