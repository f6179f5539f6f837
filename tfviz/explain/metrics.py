"""Numbers for how good a map is: does it point at the thing, and is what it marks enough?

Two ask where the map lies, and need to know where the thing is (a box, a mask); two ask the model,
and need to know what it says of the input seen through the map. No number of either kind means much
without the same number for maps that never saw the model: a blob in the middle, the photo's edges,
noise, and everything marked alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfviz.errors import InputError


def pointing_hit(heat: Any, inside: Any) -> float:
    """Whether the highest place of a map lies on the thing: the pointing game.

        hit = 1 where argmax(L) lies inside, else 0

    Where several places are highest it is the share of them that lie inside, which is what drawing
    one of them hits on average: of a map that is the same everywhere, the thing's share of the
    photo. There is no margin around the boxes (the paper's program allows 15 pixels).

    Args:
        heat: (height, width) floats, signed or not; NaN where the model saw nothing, which is never
            highest.
        inside: (height, width) bool, True on the thing.

    Returns:
        1.0 or 0.0; between them where several places are highest.

    Raises:
        InputError: When shapes differ or no place was seen.

    Source: Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016, section 4.

    >>> pointing_hit([[0.0, 2.0], [1.0, 0.0]], [[False, True], [False, False]])
    1.0
    """
    heat, inside = _pair(heat, inside)
    highest = heat == np.nanmax(heat)
    return float(inside[highest].mean())


def energy_in_box(heat: Any, inside: Any) -> float:
    """The share of a map that lies on the thing: the energy-based pointing game.

        energy = sum of max(L, 0) inside / sum of max(L, 0) everywhere

    Args:
        heat: (height, width) floats. Negative values count as nothing, and so do NaN.
        inside: (height, width) bool, True on the thing.

    Returns:
        0 to 1; 0 for a map without a positive value, which marks nothing.

    Raises:
        InputError: When shapes differ or no place was seen.

    Source: Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural
    Networks", CVPR Workshops 2020, section 4.3.

    >>> energy_in_box([[3.0, 1.0], [-5.0, 0.0]], [[True, False], [False, False]])
    0.75
    """
    heat, inside = _pair(heat, inside)
    marked = np.maximum(np.nan_to_num(heat, nan=0.0), 0.0)
    total = marked.sum()
    return float(marked[inside].sum() / total) if total > 0 else 0.0


def seen_through(inputs: Any, maps: Any, baseline: Any = 0.0) -> np.ndarray:
    """Inputs as far as their maps let them through: full where a map is highest, nothing at 0.

        x' = x_0 + (x - x_0) max(L, 0) / max(L)

    A map without a positive value lets nothing through.

    Args:
        inputs: (batch, height, width, channels), as they go into the model.
        maps: (batch, height, width) floats, one for each, brought to the size of the inputs.
        baseline: x_0, what a place becomes where its map is 0; in the range of the inputs, of any
            shape that broadcasts to theirs. As in the paper: what the model takes for black.

    Returns:
        Float32 of the shape of `inputs`.

    Raises:
        InputError: When shapes differ or a map isn't finite.

    Source: Chattopadhyay et al., "Grad-CAM++: Generalized Gradient-based Visual Explanations for
    Deep Convolutional Networks", WACV 2018, section 5.1.

    >>> seen_through(np.full((1, 1, 3, 1), 8.0), np.array([[[4.0, 1.0, -2.0]]])).ravel()
    array([8., 2., 0.], dtype=float32)
    """
    inputs, maps = np.asarray(inputs, np.float64), np.asarray(maps, np.float64)
    if inputs.ndim != 4 or maps.shape != inputs.shape[:3]:
        raise InputError(
            f"maps of shape {maps.shape} don't cover inputs of shape {inputs.shape}: give one map "
            f"(height, width) for each input, as large as the input."
        )
    if not np.isfinite(maps).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(maps))} of {maps.size} values of the maps are NaN or "
            f"infinite: what a model never saw can't be shown to it in part. Give maps that lie on "
            f"the model's input, not on the photo."
        )
    marked = np.maximum(maps, 0.0)
    highest = marked.max(axis=(1, 2), keepdims=True)
    let = np.divide(marked, highest, out=np.zeros_like(marked), where=highest > 0)[..., None]
    return (baseline + (inputs - baseline) * let).astype(np.float32)


def confidence_drop(before: Any, after: Any) -> np.ndarray:
    """How much of its confidence the model loses when it sees an input through its map.

        drop = 100 max(0, y - o) / y        y of the input, o of the input seen through the map

    The mean over inputs is the *average drop*: lower is better. A map that lets everything through
    has a drop of 0 and says nothing: read it beside a number that asks where the map lies.

    Args:
        before: (batch,) probabilities of the explained class for the inputs, over 0.
        after: (batch,) of the same class for the inputs seen through their maps.

    Returns:
        Percent, (batch,) float64 from 0 to 100.

    Raises:
        InputError: When shapes differ or a probability is not over 0.

    Source: Chattopadhyay et al., WACV 2018, section 5.1, "average drop %".

    >>> confidence_drop([0.8, 0.5], [0.2, 0.6])
    array([75.,  0.])
    """
    before, after = _confidences(before, after)
    return 100 * np.maximum(before - after, 0.0) / before


def confidence_increase(before: Any, after: Any) -> np.ndarray:
    """Where the model is surer of an input seen through its map than of the whole.

        increase = 100 where y < o, else 0

    The mean over inputs is the *increase in confidence*, the percentage of inputs that the map
    frees of what distracted the model: higher is better.

    Args:
        before: (batch,) probabilities of the explained class for the inputs, over 0.
        after: (batch,) of the same class for the inputs seen through their maps.

    Returns:
        Percent, (batch,) float64, each 0 or 100.

    Raises:
        InputError: When shapes differ or a probability is not over 0.

    Source: Chattopadhyay et al., WACV 2018, section 5.1, "% increase in confidence".

    >>> confidence_increase([0.8, 0.5], [0.2, 0.6])
    array([  0., 100.])
    """
    before, after = _confidences(before, after)
    return np.where(before < after, 100.0, 0.0)


def _pair(heat: Any, inside: Any) -> tuple[np.ndarray, np.ndarray]:
    heat, inside = np.asarray(heat, np.float64), np.asarray(inside)
    if heat.ndim != 2 or heat.shape != inside.shape or inside.dtype != np.bool_:
        raise InputError(
            f"a map of shape {heat.shape} doesn't fit a {inside.dtype} mask of shape "
            f"{inside.shape}: both must be (height, width), and the mask bool. "
            f"Explanation.on_photo() brings a map to the size of the photo."
        )
    if not (~np.isnan(heat)).any():
        raise InputError(
            f"all {heat.size} values of the map are NaN: the model saw nothing of the photo."
        )
    return heat, inside


def _confidences(before: Any, after: Any) -> tuple[np.ndarray, np.ndarray]:
    before, after = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if before.shape != after.shape or before.ndim != 1:
        raise InputError(
            f"{before.shape} probabilities before and {after.shape} after: give one of each for "
            f"every input, (batch,)."
        )
    if not (before > 0).all():
        raise InputError(
            f"the smallest value before is {before.min():g}: a drop is a part of the probability "
            f"of the explained class, which must be over 0. Scores can be negative: give "
            f"probabilities (softmax) in place of logits."
        )
    return before, after
