"""A function of one number with its first two derivatives, by TensorFlow's own tape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Function = Callable[[Any], Any]
BLUR = 1e-6
"""Half the distance over which f'' is taken from differences of f', where the tape has none."""


@dataclass(frozen=True)
class Curve:
    """Values and derivatives, all of one shape.

    Attributes:
        x: Where.
        value: f(x).
        slope: f'(x) as the tape gives it.
        curvature: f''(x) as the tape gives it; where `no_curvature` says why it gives none, by
            differences of its f' (in float64), or NaN.
        no_curvature: Why the tape has no second derivative; '' where it has.
    """

    x: np.ndarray = field(repr=False)
    value: np.ndarray = field(repr=False)
    slope: np.ndarray = field(repr=False)
    curvature: np.ndarray = field(repr=False)
    no_curvature: str = ""


def values(function: Function, x: np.ndarray, dtype: str = "float64") -> np.ndarray:
    """f(x), elementwise."""
    import tensorflow as tf

    return np.asarray(function(tf.constant(x, dtype)), dtype)


def slopes(function: Function, x: np.ndarray, dtype: str = "float64") -> np.ndarray:
    """f'(x) by the tape; 0 where the tape says that nothing depends on x."""
    import tensorflow as tf

    at = tf.constant(x, dtype)
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    slope = tape.gradient(value, at)
    return np.zeros_like(x, dtype) if slope is None else np.asarray(slope)


def curve(function: Function, x: np.ndarray, dtype: str = "float64") -> Curve:
    """f, f' and f'' by a tape within a tape.

    Args:
        function: Works on each element by itself.
        x: Of shape (n,).
        dtype: In which to compute.
    """
    import tensorflow as tf

    at = tf.constant(x, dtype)
    with tf.GradientTape() as outer:
        outer.watch(at)
        with tf.GradientTape() as inner:
            inner.watch(at)
            value = function(at)
        slope = inner.gradient(value, at)
    zeros = np.zeros_like(x, dtype)
    missing = ""
    if slope is None:
        slope_found, curvature_found = zeros, zeros
    else:
        slope_found = np.asarray(slope)
        try:
            curvature = outer.gradient(slope, at)
        except LookupError as error:
            # An operation whose gradient has itself no gradient in TensorFlow (SoftsignGrad).
            op = str(error).rpartition(":")[2].strip()
            missing = f"TensorFlow has no derivative of {op}"
            if dtype == "float64":
                ahead, behind = slopes(function, np.stack([x + BLUR, x - BLUR]))
                curvature_found = (ahead - behind) / (2 * BLUR)
            else:
                curvature_found = np.full_like(x, np.nan, dtype)
        else:
            curvature_found = zeros if curvature is None else np.asarray(curvature)
    return Curve(np.asarray(x, dtype), np.asarray(value), slope_found, curvature_found, missing)
