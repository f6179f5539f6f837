"""Optimizers side by side on one surface, all in one compiled loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.learn.optimizers.field import Entrant
from tfviz.learn.optimizers.surfaces import Surface

# What counts as arrived: this part of the height at the start, above the lowest place.
TOLERANCE = 1e-3
# Whoever is there has been there for some steps, and not only passed through: for so many, or for
# a tenth of a short race.
STAYED = 10
# So many times as high as at the start, and nobody comes back.
LOST = 1e4
# The name of what is moved, by which an optimizer's own variables are told.
POINT = "point"


@dataclass(frozen=True, eq=False)
class Run:
    """The way of one optimizer.

    Attributes:
        name: Which.
        rate: Its learning rate.
        points: (steps + 1, 2), float64, where it was; the first is the start.
        gaps: (steps + 1,), how high above the lowest place, on the whole surface.
        slopes: (steps, 2), the gradient that each step was given.
        state: What the optimizer kept in its own variables after each step, each (steps, 2).
        reached: The first step from which on the gap stays within the tolerance; None if never.
        lost: The first step at which it is not finite or hopelessly high; None if never.
    """

    name: str
    rate: float
    points: np.ndarray
    gaps: np.ndarray
    slopes: np.ndarray
    state: dict[str, np.ndarray]
    reached: int | None
    lost: int | None

    @property
    def moves(self) -> np.ndarray:
        """(steps, 2), each step."""
        return np.diff(self.points, axis=0)

    @property
    def effective_rate(self) -> np.ndarray:
        """(steps, 2), by how much each step went against its gradient; NaN where that is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.slopes == 0, np.nan, -self.moves / self.slopes)


class Track:
    """A compiled race that can be run again at other learning rates.

    Args:
        entrants: Who takes part.
        surface: On what.
        steps: How many steps each makes.
        start: Where all begin, by default where the surface says.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        surface: Surface,
        steps: int,
        start: tuple[float, float] | None = None,
    ) -> None:
        self.entrants, self.surface, self.steps = tuple(entrants), surface, steps
        self.start = surface.start if start is None else start
        # In float64, so that what is seen is the rule and not the rounding.
        self._points = [
            keras.Variable(self.start, dtype="float64", name=POINT) for _ in self.entrants
        ]
        self._optimizers = [each.make(each.rate) for each in self.entrants]
        for optimizer, point in zip(self._optimizers, self._points, strict=True):
            optimizer.build([point])
        self._state = [_state_of(optimizer) for optimizer in self._optimizers]
        self._fresh = [
            [each.numpy() for each in optimizer.variables] for optimizer in self._optimizers
        ]
        self._loop = tf.function(self._whole, autograph=False)

    def run(self, rates: Sequence[float], tolerance: float = TOLERANCE) -> list[Run]:
        """Everybody's way, each at its own learning rate.

        Args:
            rates: One for each entrant.
            tolerance: The part of the gap at the start that counts as arrived.
        """
        for point, optimizer, fresh, rate in zip(
            self._points, self._optimizers, self._fresh, rates, strict=True
        ):
            point.assign(self.start)
            for variable, value in zip(optimizer.variables, fresh, strict=True):
                variable.assign(value)
            optimizer.learning_rate = rate
        rows = self._loop().numpy()
        # Every optimizer has its place in a row: the slope, then the point, then its state.
        runs, begin = [], 0
        for entrant, state, rate in zip(self.entrants, self._state, rates, strict=True):
            width = 4 + 2 * len(state)
            own = rows[:, begin : begin + width].reshape(self.steps, -1, 2)
            begin += width
            kept = {name: own[:, 2 + i] for i, name in enumerate(state)}
            runs.append(self._told(entrant.name, rate, own[:, 0], own[:, 1], kept, tolerance))
        return runs

    def _whole(self) -> tf.Tensor:
        width = sum(4 + 2 * len(state) for state in self._state)
        rows = tf.TensorArray(tf.float64, size=self.steps, element_shape=[width])

        def one(step: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            row: list[tf.Tensor] = []
            for point, optimizer, state in zip(
                self._points, self._optimizers, self._state, strict=True
            ):
                slope = self._slope(tf.convert_to_tensor(point), step)
                optimizer.apply([slope], [point])
                row += [slope, tf.convert_to_tensor(point)]
                row += [tf.convert_to_tensor(each) for each in state.values()]
            return step + 1, rows.write(step, tf.concat(row, 0))

        _, rows = tf.while_loop(
            lambda step, _: step < self.steps, one, (tf.constant(0), rows), parallel_iterations=1
        )
        return rows.stack()

    def _slope(self, point: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        seen = self.surface.step_function
        with tf.GradientTape() as tape:
            tape.watch(point)
            height = self.surface.function(point) if seen is None else seen(point, step)
        return tape.gradient(height, point)

    def _told(
        self,
        name: str,
        rate: float,
        slopes: np.ndarray,
        after: np.ndarray,
        state: dict[str, np.ndarray],
        tolerance: float,
    ) -> Run:
        points = np.concatenate([[self.start], after])
        heights = self.surface.function(tf.constant(points.T)).numpy()
        gaps = heights - self.surface.lowest
        with np.errstate(invalid="ignore"):
            outside = ~(gaps <= LOST * max(gaps[0], 1e-12))
            near = gaps <= tolerance * gaps[0]
        lost = int(np.argmax(outside)) if outside.any() else None
        reached = None
        if near[-stayed(self.steps) :].all():
            reached = 0 if near.all() else int(len(near) - np.argmin(near[::-1]))
        return Run(name, rate, points, gaps, slopes, state, reached, lost)


def stayed(steps: int) -> int:
    """For how many places at the end of a race the gap must be small to count as arrived.

    >>> stayed(500), stayed(12)
    (10, 1)
    """
    return max(1, min(STAYED, steps // 10))


def _state_of(optimizer: Any) -> dict[str, Any]:
    """An optimizer's variables that go with the point, by what Keras calls them."""
    found: dict[str, Any] = {}
    for variable in optimizer.variables:
        if variable.name.startswith(f"{POINT}_") and tuple(variable.shape) == (2,):
            found[variable.name.removeprefix(f"{POINT}_")] = variable
    return found


def steepest_curvature(surface: Surface, start: tuple[float, float]) -> float:
    """The largest curvature, in size, at the start and at the lowest places: L of the textbooks.

    From the tape, twice.
    """
    found = []
    for place in (start, *surface.minima):
        point = tf.constant(place, tf.float64)
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(point)
            with tf.GradientTape() as inner:
                inner.watch(point)
                height = surface.function(point)
            slope = inner.gradient(height, point)
        hessian = outer.jacobian(slope, point, experimental_use_pfor=False).numpy()
        found.append(float(np.abs(np.linalg.eigvalsh(hessian)).max()))
    return max(found)
