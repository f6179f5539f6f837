"""Surfaces over the plane whose shape is known, in TensorFlow operations.

Each is a function of one point, a float64 tensor of shape (2,). Sources: H. H. Rosenbrock, "An
automatic method for finding the greatest or least value of a function", 1960; E. M. L. Beale, "On
an iterative method for finding a local minimum of a function of more than one variable", 1958;
D. Himmelblau, "Applied Nonlinear Programming", 1972.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.errors import InputError, nearest
from tfviz.learn.descents.plane import Window

CONDITION = 100.0
# Beyond, the small curvature is lost in the rounding of the large one.
STEEPEST = 1e12
ANGLE = 30.0


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of the plane.

    Attributes:
        name: What to ask for it by.
        formula: As it is written.
        lesson: What it is good for, a few words.
        function: Of a point, (2,) float64, in TensorFlow operations.
        start: Where all begin.
        minima: The places of its lowest value, each (x, y).
        lowest: The value there.
        window: What is drawn of it: the x and the y.
        step_function: What a step sees in place of `function`: `f(point, step)`, where a mini-batch
            stands for the whole; None where a step sees all.
    """

    name: str
    formula: str
    lesson: str
    function: Callable[[Any], Any]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    lowest: float
    window: Window
    step_function: Callable[[Any, Any], Any] | None = None

    def on_grid(
        self, samples: tuple[int, int], window: Window | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The function over a window: x (columns,), y (rows,), values (rows, columns)."""
        across, up = self.window if window is None else window
        x, y = np.linspace(*across, samples[0]), np.linspace(*up, samples[1])
        points = tf.constant(np.stack(np.meshgrid(x, y)))
        return x, y, self.function(points).numpy()


def quadratic(condition: float, angle: float) -> np.ndarray:
    """The matrix of a bowl with curvatures 1 and `condition`, turned by an angle in degrees."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    turn = np.array([[c, -s], [s, c]])
    return turn @ np.diag([1.0, condition]) @ turn.T


def _bowl(matrix: np.ndarray) -> Callable[[Any], Any]:
    a, b, d = (float(each) for each in (matrix[0, 0], matrix[0, 1], matrix[1, 1]))

    def function(point: Any) -> Any:
        x, y = point[0], point[1]
        return 0.5 * (a * x * x + 2 * b * x * y + d * y * y)

    return function


def _rosenbrock(point: Any) -> Any:
    x, y = point[0], point[1]
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def _beale(point: Any) -> Any:
    x, y = point[0], point[1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _himmelblau(point: Any) -> Any:
    x, y = point[0], point[1]
    return (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2


def _saddle(point: Any) -> Any:
    x, y = point[0], point[1]
    return x * x - y * y + y**4 / 4


def _noisy(seed: int, examples: int = 256, batch: int = 8) -> Surface:
    """Least squares of a line through points, seen eight points at a time."""
    random = np.random.default_rng(seed)
    x = random.normal(0, 1, examples)
    # Both columns are alike in size, so that the bowl is nearly round and the noise all there is.
    features = np.stack([x, np.ones_like(x)], axis=1)
    targets = features @ [1.0, -0.5] + random.normal(0, 1.0, examples)
    best, *_ = np.linalg.lstsq(features, targets, rcond=None)
    # 32-bit floats would show in the closed forms that this is held against.
    a, b = tf.constant(features), tf.constant(targets)

    def whole(point: Any) -> Any:
        # Expanded, so that a grid of points is as good as one.
        gram, mixed = features.T @ features / examples, features.T @ targets / examples
        u, v = point[0], point[1]
        return 0.5 * (
            gram[0, 0] * u * u
            + 2 * gram[0, 1] * u * v
            + gram[1, 1] * v * v
            - 2 * (mixed[0] * u + mixed[1] * v)
            + float(targets @ targets) / examples
        )

    def of_batch(point: Any, step: Any) -> Any:
        # The same batch at the same step for everybody.
        chosen = tf.random.stateless_uniform(
            [batch], [seed, tf.cast(step, tf.int32)], maxval=examples, dtype=tf.int32
        )
        left = tf.linalg.matvec(tf.gather(a, chosen), point) - tf.gather(b, chosen)
        return 0.5 * tf.reduce_mean(left * left)

    return Surface(
        "noisy",
        f"mean of ½(w·x + b - y)² over {examples} points, a step sees {batch}",
        "mini-batch noise: with a constant rate nothing comes to rest",
        whole,
        (-1.6, 1.4),
        ((float(best[0]), float(best[1])),),
        float(0.5 * np.mean((features @ best - targets) ** 2)),
        ((-2.2, 2.6), (-1.9, 1.8)),
        of_batch,
    )


NAMES = ("bowl", "ravine", "rosenbrock", "beale", "himmelblau", "saddle", "noisy")


def surface(
    name: str, *, condition: float = CONDITION, angle: float = ANGLE, seed: int = 0
) -> Surface:
    """A surface by its name.

    Args:
        name: Of `NAMES`.
        condition: Of the ravine: how many times as steep across as along, 1 to 1e12.
        angle: By how many degrees the ravine is turned. At 0 its axes are those of the weights, and
            methods with a rate for each weight don't notice that it is a ravine.
        seed: Of the noisy bowl: of its points and of its batches; 0 or more.

    Raises:
        InputError: For an unknown name, or a condition, angle or seed that makes no sense.
    """
    if name not in NAMES:
        raise InputError(
            f"'{name}' is no surface.{nearest(name, NAMES)} There are {', '.join(NAMES)}."
        )
    if not 1 <= condition <= STEEPEST:
        raise InputError(
            f"condition {condition:g} is the ratio of the largest to the smallest curvature: "
            f"give 1 or more, up to {STEEPEST:g}."
        )
    if not math.isfinite(angle):
        raise InputError(f"angle {angle} is no angle: give degrees.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise InputError(f"seed {seed!r} must be a whole number from 0 to {2**31 - 1}.")
    if name == "noisy":
        return _noisy(seed)
    if name == "ravine":
        return Surface(
            "ravine",
            f"½ pᵀAp, curvatures 1 and {condition:g}, turned by {angle:g}°",
            "one rate must do for a steep and a flat direction",
            _bowl(quadratic(condition, angle)),
            (-1.8, 0.4),
            ((0.0, 0.0),),
            0.0,
            ((-2.2, 1.4), (-1.4, 1.4)),
        )
    return _KNOWN[name]


_KNOWN = {
    each.name: each
    for each in (
        Surface(
            "bowl",
            "½(x² + y²)",
            "nothing is in the way: only the length of the steps counts",
            _bowl(np.eye(2)),
            (-1.8, 1.0),
            ((0.0, 0.0),),
            0.0,
            ((-2.3, 1.5), (-1.5, 1.5)),
        ),
        Surface(
            "rosenbrock",
            "(1 - x)² + 100(y - x²)²",
            "a bent valley: easy to find, slow to follow",
            _rosenbrock,
            (-1.2, 1.0),
            ((1.0, 1.0),),
            0.0,
            ((-1.8, 1.8), (-0.8, 2.2)),
        ),
        Surface(
            "beale",
            "(1.5 - x + xy)² + (2.25 - x + xy²)² + (2.625 - x + xy³)²",
            "a wide flat, then walls: gradients of very different size",
            _beale,
            (1.0, 1.5),
            ((3.0, 0.5),),
            0.0,
            ((-0.5, 4.2), (-1.4, 2.0)),
        ),
        Surface(
            "himmelblau",
            "(x² + y - 11)² + (x + y² - 7)²",
            "four equal minima: who ends where depends on the method",
            _himmelblau,
            (-0.5, -1.0),
            (
                (3.0, 2.0),
                (-2.805118086952745, 3.131312518250573),
                (-3.779310253377747, -3.283185991286170),
                (3.584428340330492, -1.848126526964404),
            ),
            0.0,
            ((-5.5, 5.5), (-4.7, 4.7)),
        ),
        Surface(
            "saddle",
            "x² - y² + y⁴/4",
            "almost on the ridge: the slope down is there, but tiny",
            _saddle,
            (-1.6, 0.001),
            ((0.0, math.sqrt(2)), (0.0, -math.sqrt(2))),
            -1.0,
            ((-2.0, 1.6), (-2.0, 2.0)),
        ),
    )
}
