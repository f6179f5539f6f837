"""The loss at points of a plane in the space of weights, without touching the model.

The weights are arguments of one compiled function (`keras.StatelessScope`); data comes in batches,
and one point is computed at a time, so that memory depends on the batch alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfviz.model.tap import passing
from tfviz.model.tree import walk

BATCHNORM = ("stored", "recompute")


class Evaluator:
    """Computes losses of a model with other weights than its own.

    Args:
        model: A built `keras.Model`.
        objective: Its `Objective`, with all variables made.
        batches: `(x,)`, `(x, y)` or `(x, y, sample_weight)` of tensors, each.
        recompute: Whether batch normalisation's statistics are measured anew at each point, on
            this very data; else those that the model has are used.
    """

    def __init__(self, model: Any, objective: Any, batches: Sequence[Any], recompute: bool) -> None:
        self.model = model
        self.objective = objective
        self.batches = list(batches)
        self.variables = list(model.variables)
        self.normalising = [
            node.operation
            for node in walk(model)
            if isinstance(node.operation, keras.layers.BatchNormalization)
        ]
        # A frozen one uses its statistics even in training, and keeps them.
        measured = [each for each in self.normalising if each.trainable] if recompute else []
        self._measured = measured
        trainable = {id(each) for each in model.trainable_variables}
        self._moves = [id(each) in trainable for each in self.variables]
        self._move = tf.function(self._moved, autograph=False)
        self._loss = tf.function(self._compute, autograph=False, reduce_retracing=True)
        self._look = tf.function(self._statistics, autograph=False, reduce_retracing=True)
        self._place = {id(each): i for i, each in enumerate(self.variables)}
        sizes = [_count(each) for each in self.batches]
        self._shares = [tf.constant(size / sum(sizes), tf.float32) for size in sizes]

    def values(self) -> list[tf.Tensor]:
        """The model's own values, in the order of `model.variables`."""
        return [tf.identity(each.value) for each in self.variables]

    def at(
        self,
        values: Sequence[tf.Tensor],
        directions: Sequence[Sequence[tf.Tensor]] = (),
        steps: Sequence[float] = (),
    ) -> float:
        """The loss on all data with `values` plus so many steps along each direction.

        Args:
            values: Of all variables.
            directions: Each with a tensor for each trainable variable.
            steps: One for each direction.
        """
        moved = list(values)
        if directions:
            lengths = tf.constant(list(steps), tf.float64)
            moved = self._move(moved, [list(each) for each in directions], lengths)
        if self._measured:
            moved = self._with_statistics(moved)
        total = weight = 0.0
        for batch, share in zip(self.batches, self._shares, strict=True):
            loss, size = self._loss(moved, batch, share)
            size = float(size)
            if size < 0:  # a sum, of which the parts are added up
                total, weight = total + float(loss), 1.0
            else:
                total, weight = total + float(loss) * size, weight + size
        return total / weight if weight else float("nan")

    def _moved(
        self, values: list[tf.Tensor], directions: list[list[tf.Tensor]], steps: tf.Tensor
    ) -> list[tf.Tensor]:
        for i, direction in enumerate(directions):
            along = iter(direction)
            values = [
                value + tf.cast(steps[i], value.dtype) * tf.cast(next(along), value.dtype)
                if moves
                else value
                for value, moves in zip(values, self._moves, strict=True)
            ]
        return values

    def _compute(
        self, values: list[tf.Tensor], batch: Any, share: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with keras.StatelessScope(self._mapping(values), collect_losses=True):
            # A loss that can't be put together from parts can be computed in one.
            part = share if len(self.batches) > 1 else None
            found = self.objective.forward(batch, training=False, share=part)
        weight = -1.0 if found.weight is None else found.weight
        return found.loss, tf.cast(weight, tf.float32)

    def _with_statistics(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        """The values with the mean and variance that the data has at these weights."""
        seen = [
            [(np.asarray(mean, np.float64), np.asarray(var, np.float64)) for mean, var in found]
            for found in (self._look(values, batch) for batch in self.batches)
        ]
        sizes = np.array([_count(each) for each in self.batches], np.float64)
        shares = sizes / sizes.sum()
        filled = list(values)
        for i, layer in enumerate(self._measured):
            mean = sum(s * found[i][0] for s, found in zip(shares, seen, strict=True))
            # The variance of all is that within batches and that of their means.
            var = sum(
                s * (found[i][1] + (found[i][0] - mean) ** 2)
                for s, found in zip(shares, seen, strict=True)
            )
            for variable, value in ((layer.moving_mean, mean), (layer.moving_variance, var)):
                place = self._place[id(variable)]
                filled[place] = tf.constant(value, values[place].dtype)
        return filled

    def _statistics(self, values: list[tf.Tensor], batch: Any) -> list[Any]:
        """Mean and variance of a batch at each normalisation, all other layers as in inference."""
        zeroed = list(values)
        for layer in self._measured:
            for variable in (layer.moving_mean, layer.moving_variance):
                place = self._place[id(variable)]
                zeroed[place] = tf.zeros_like(values[place])

        def entered(layer: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
            return args[:1], {**kwargs, "training": True}

        def left(layer: Any, args: Any, kwargs: Any, returned: Any) -> Any:
            return returned

        with (
            keras.StatelessScope(self._mapping(zeroed), collect_losses=True) as scope,
            passing(self._measured, entered, left),
        ):
            self.objective.predict(batch[0], False)
        # From 0, the moving average after one batch is that batch times what it lets in.
        return [
            (
                scope.get_current_value(each.moving_mean) / (1.0 - each.momentum),
                scope.get_current_value(each.moving_variance) / (1.0 - each.momentum),
            )
            for each in self._measured
        ]

    def _mapping(self, values: list[tf.Tensor]) -> list[tuple[Any, tf.Tensor]]:
        return list(zip(self.variables, values, strict=True))


def _count(batch: Any) -> int:
    return int(tf.nest.flatten(batch[0])[0].shape[0])
