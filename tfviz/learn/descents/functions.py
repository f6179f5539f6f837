"""Functions of one variable to go down on, in TensorFlow operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfviz.errors import InputError, nearest


@dataclass(frozen=True)
class Curve:
    """A function of one variable.

    Attributes:
        name: What to ask for it by.
        formula: As it is written.
        function: Of a tensor of any shape, element by element.
        start: Where to begin unless told otherwise.
        rates: Learning rates worth seeing: too small, right, too large.
        window: The x that are drawn.
        minimum: Its lowest value.
    """

    name: str
    formula: str
    function: Callable[[Any], Any]
    start: float
    rates: tuple[float, ...]
    window: tuple[float, float]
    minimum: float


CURVES = {
    each.name: each
    for each in (
        Curve(
            "square", "x²", lambda x: x * x, 2.0, (0.01, 0.1, 0.3, 0.5, 1.0, 1.1), (-2.6, 2.6), 0.0
        ),
        Curve(
            "quartic",
            "x⁴",
            lambda x: x * x * x * x,
            1.0,
            (0.01, 0.1, 0.25, 0.4, 0.5, 0.6),
            (-1.3, 1.3),
            0.0,
        ),
        Curve(
            "wells",
            "x⁴ - 2x² + x/4",
            lambda x: x * x * x * x - 2 * x * x + x / 4,
            1.8,
            (0.005, 0.02, 0.1, 0.13, 0.2, 0.4),
            (-2.0, 2.0),
            # At the left root of 4x³ - 4x + 1/4.
            -1.2537912372204691,
        ),
        Curve(
            "waves",
            "x²/10 + sin 3x",
            lambda x: x * x / 10 + tf.sin(3 * x),
            4.0,
            (0.01, 0.05, 0.1, 0.2, 0.4, 1.0),
            (-5.0, 5.0),
            -0.9731804794929664,
        ),
        Curve("abs", "|x|", tf.abs, 2.0, (0.01, 0.1, 0.3, 0.5, 1.0, 1.5), (-2.6, 2.6), 0.0),
    )
}


def find_curve(name: str) -> Curve:
    """The curve of that name.

    Raises:
        InputError: When there is none.
    """
    short = str(name).strip().lower()
    if short not in CURVES:
        raise InputError(
            f"'{name}' is no function to go down on.{nearest(short, CURVES)} "
            f"There are {', '.join(f'{each} ({CURVES[each].formula})' for each in CURVES)}."
        )
    return CURVES[short]
