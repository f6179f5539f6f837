"""What the numbers of a picture stand for: which is black, which is white, which have a colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfviz.draw.colormaps import DEFAULT, DIVERGING, colorize
from tfviz.draw.overlay import normalize
from tfviz.errors import InputError, nearest

MARK = (255, 0, 255)
"""NaN and Inf. Of seven strong colours tried, magenta is the one that stays apart from all colours
of gray, plasma and RdBu_r also for eyes that see no red or no green (CIEDE2000 8 or more)."""

TORCH_MEAN, TORCH_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)

RANGES = {
    "0-1": (0.0, 1.0),
    "0-255": (0.0, 255.0),
    "0-65535": (0.0, 65535.0),
    "-1-1": (-1.0, 1.0),
    "imagenet-tf": (-1.0, 1.0),
}
IMAGENET = ("imagenet-torch", "imagenet-caffe")
OWN = ("range", "map")
VALUES = (*RANGES, *IMAGENET, *OWN)

SLACK = 0.1
"""By so much of a range its ends may be passed: bicubic resizing overshoots at edges."""

REACHED = 0.25
"""One channel that stays below this part of a range isn't believed to be a photo of that range:
class indices, depths and heatmaps are more often found there than photos without one pixel
brighter than a quarter, and would be black."""

BRIGHTENED = 2.0
"""Up to here floats in three channels are a picture of 0..1 that augmentation has brightened."""


@dataclass(frozen=True)
class Scale:
    """How numbers become colours.

    Attributes:
        name: One of `VALUES`, or `"low to high"` as given.
        low: What is black; one number, or one a channel.
        high: What is white.
        why: In words.
        colormap: For one channel; `"gray"`, or None for a map: `DEFAULT` above zero, `DIVERGING`
            around it.
        reverse: Whether the channels are blue, green, red.
    """

    name: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    why: str
    colormap: str | None = "gray"
    reverse: bool = False


def find_scale(
    low: float,
    high: float,
    *,
    channels: int,
    integers: bool,
    truths: bool = False,
    asked: str | Sequence[float] | None = None,
) -> Scale:
    """Tells what the numbers stand for.

    The rules, in order, for numbers without `values=`:

    1. Truth values and integers of 0 and 1 are masks, black and white.
    2. Integers in 0..255 are that; others up to 65535 are that.
    3. Floats in 0..1, in -1..1 or else in 0..255 are that, with a little slack; three channels
       of 0..2 are 0..1 brightened, and are cut off.
    4. One channel that stays below a quarter of such a range is no photo but a map, as are floats
       outside of all ranges and every plane of two or of more than four channels of floats. Maps
       are coloured: from zero up to their maximum, or around zero.
    5. Else the lowest number is black and the highest is white.

    What ImageNet's preprocessing gives can't be told from other numbers and is never guessed.

    Args:
        low: The lowest finite number.
        high: The highest finite number.
        channels: How many the picture has.
        integers: Whether the numbers are whole by their dtype.
        truths: Whether they are bool.
        asked: One of `VALUES` or (low, high), which overrules all this.

    Raises:
        InputError: If what is asked for doesn't exist or doesn't fit.
    """
    if asked is not None:
        return _asked(asked, low, high, channels)
    told = f"from {low:.4g} to {high:.4g}"
    if truths:
        return Scale("0-1", 0.0, 1.0, "bool")
    one = channels not in (3, 4)
    if integers:
        if low >= 0 and high == 1:
            return Scale("0-1", 0.0, 1.0, "a mask: integers of 0 and 1")
        for name, most in (("0-255", 255), ("0-65535", 65535)):
            if low >= 0 and high <= most:
                if high >= REACHED * most or (name == "0-255" and (not one or not high)):
                    return Scale(name, *RANGES[name], f"integers {told}")
                if one and name == "0-255":
                    return Scale("map", low, high, f"labels: integers {told}", None)
                break
        return Scale("range", low, high, f"integers {told}")
    if one and channels != 1:
        return Scale("map", low, high, "each plane on its own scale", None)
    peak = max(-low, high)
    signed = low < -SLACK
    believed = not one or peak >= REACHED or peak == 0
    if low >= -1 - SLACK and high <= 1 + SLACK and believed:
        name = "-1-1" if signed else "0-1"
        return Scale(name, *RANGES[name], f"floats {told}")
    if not signed and not one and high <= BRIGHTENED:
        return Scale("0-1", 0.0, 1.0, f"floats {told}; what lies above 1 is cut off")
    overshot = low >= -SLACK * high and high <= 255 * (1 + SLACK)
    if overshot and high > BRIGHTENED and (not one or high >= REACHED * 255):
        return Scale("0-255", 0.0, 255.0, f"floats {told}")
    if one:
        return Scale("map", low, high, f"floats {told}", None)
    return Scale("range", low, high, f"floats {told}")


def _asked(asked: str | Sequence[float], low: float, high: float, channels: int) -> Scale:
    if not isinstance(asked, str):
        try:
            low, high = (float(each) for each in asked)
        except (TypeError, ValueError):
            raise InputError(
                f"values={asked!r} is none: use {', '.join(VALUES)}, or two numbers (low, high)."
            ) from None
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise InputError(f"values=({low:g}, {high:g}) is no range: give (low, high).")
        return Scale(f"{low:g} to {high:g}", low, high, "as asked")
    if asked in RANGES:
        return Scale(asked, *RANGES[asked], "as asked")
    if asked == "range":
        return Scale(asked, low, high, "as asked")
    if asked == "map":
        if channels in (3, 4):
            raise InputError(
                f"values='map' colours one channel, but there are {channels}: give x[..., k] or "
                "x.mean(axis=-1)."
            )
        return Scale(asked, low, high, "as asked", None)
    if asked not in IMAGENET:
        raise InputError(
            f"values='{asked}' is none: use {', '.join(VALUES)}, or two numbers (low, high)."
            f"{nearest(asked, VALUES)}"
        )
    if channels != 3:
        raise InputError(
            f"values='{asked}' is for pictures of 3 channels, but there are {channels}: use "
            "another of its names, or layout= if the channels are on another axis."
        )
    if asked == "imagenet-torch":
        pairs = list(zip(TORCH_MEAN, TORCH_STD, strict=True))
        black = tuple(-mean / std for mean, std in pairs)
        white = tuple((1 - mean) / std for mean, std in pairs)
        return Scale(asked, black, white, "as asked")
    black = tuple(-mean for mean in CAFFE_MEAN)
    white = tuple(255 - mean for mean in CAFFE_MEAN)
    return Scale(asked, black, white, "as asked; blue, green, red", reverse=True)


def bounds(values: np.ndarray, scale: Scale) -> tuple[float, float, str]:
    """The two ends of one plane's scale, and its colour map.

    Args:
        values: (height, width), finite.
        scale: What `find_scale` found; a map is scaled by its own plane alone.
    """
    if scale.colormap is not None:
        assert isinstance(scale.low, float)
        assert isinstance(scale.high, float)
        return scale.low, scale.high, scale.colormap
    _, low, high = normalize(values)
    # Neighbours share their colours, so that zero looks the same in all of them.
    if isinstance(scale.low, float) and scale.low < 0:
        return -high, high, DIVERGING
    return low, high, DEFAULT


def to_rgb8(
    values: np.ndarray, scale: Scale, *, bad: np.ndarray | None = None, colormap: str | None = None
) -> np.ndarray:
    """The colours of one picture.

    Args:
        values: (height, width, channels) with 3 or 4 channels, or (height, width); finite.
        scale: What `find_scale` found.
        bad: Where there was no finite number: bool, of the shape of the values.
        colormap: For one channel, instead of the scale's.

    Returns:
        uint8 of shape (height, width, 3), or 4 for RGBA; what is bad gets the colour `MARK`.
    """
    if values.ndim == 3:
        picture = to_bytes(values, scale.low, scale.high)
        if scale.reverse:
            picture = np.ascontiguousarray(picture[..., ::-1])
        if bad is not None:
            picture[bad.any(axis=-1)] = (*MARK, 255)[: picture.shape[-1]]
        return picture
    if scale.colormap is None:
        scaled, low, high = normalize(values)
        _, _, own = bounds(values, scale)
        if own == DIVERGING and low == 0 <= high:
            scaled = scaled / 2 + np.float32(0.5)
        picture = colorize(scaled, colormap or own)
    else:
        level = to_bytes(values, scale.low, scale.high)
        name = colormap or scale.colormap
        if name == "gray":
            picture = np.repeat(level[..., np.newaxis], 3, axis=-1)
        else:
            picture = colorize(level.astype(np.float32) / 255, name)
    if bad is not None:
        picture[bad] = MARK
    return picture


def to_bytes(
    values: np.ndarray, low: float | tuple[float, ...], high: float | tuple[float, ...]
) -> np.ndarray:
    """0 where a value is `low` or less, 255 where it is `high` or more, and evenly between.

    A range without width becomes the gray between. NaN must not be among the values.
    """
    if values.dtype == np.uint8 and (low, high) == (0.0, 255.0):
        return values.copy()
    black, white = np.asarray(low, np.float64), np.asarray(high, np.float64)
    if (black == white).all():
        return np.full(values.shape, 128, np.uint8)
    widest = float(np.max(np.abs([black, white])))
    # float32 is exact enough for 255 steps and twice as fast, unless the range itself is too
    # narrow for its place, or too wide.
    narrow = (values.dtype.itemsize <= 4 and values.dtype.kind == "f") or values.dtype.itemsize <= 2
    span = float(np.min(white / 2 - black / 2)) * 2
    if narrow and 1e-30 < widest < 1e30 and span > 1e-3 * widest:
        kind: type = np.float32
    else:
        kind = np.float64
        # By a power of two, which changes no digit, so that nothing overflows or vanishes.
        power = -int(np.frexp(widest)[1])
        with np.errstate(over="ignore"):
            values = np.ldexp(values.astype(np.float64), power)
        black, white = np.ldexp(black, power), np.ldexp(white, power)
    scaled: np.ndarray = values.astype(kind) - black.astype(kind)
    scaled *= (255 / (white - black)).astype(kind)
    scaled += kind(0.5)
    np.clip(scaled, 0, 255.5, out=scaled)
    return scaled.astype(np.uint8)
