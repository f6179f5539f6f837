"""A target whose units are settled: what was chosen by what the model said of another input."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfviz.explain.target import Parameters, Score, UnitTarget


@dataclass(frozen=True, eq=False)
class Picked(UnitTarget):
    """One unit an input, with its sign, or the difference of two.

    Attributes:
        units: (batch,) int32.
        signs: (batch,) float32, -1 where the unit speaks against the target.
        others: (batch,) int32, what each unit is set against; -1 for nothing.
    """

    units: np.ndarray
    signs: np.ndarray
    others: np.ndarray

    @property
    def kind(self) -> Hashable:
        """One for all: units, signs and others are parameters."""
        return "picked"

    @property
    def signature(self) -> dict[str, Any]:
        """The units, their signs, and what they are set against."""
        return {"unit": np.int32, "sign": np.float32, "other": np.int32}

    def parameters(self, count: int) -> Parameters:
        """As they were picked, one row an input."""
        return {"unit": self.units, "sign": self.signs, "other": self.others}

    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        """The logit with its sign, or the difference of two."""
        return picked(logits, *(parameters[name] for name in ("unit", "sign", "other")))


def picked(logits: tf.Tensor, unit: tf.Tensor, sign: tf.Tensor, other: tf.Tensor) -> Score:
    """The score of settled units.

    Args:
        logits: (batch, units).
        unit: (batch,) int32.
        sign: (batch,) float32.
        other: What each is set against, (batch,) int32; -1 for nothing.
    """
    value = sign * tf.gather(logits, unit, axis=1, batch_dims=1)
    against = tf.gather(logits, tf.maximum(other, 0), axis=1, batch_dims=1)
    return Score(tf.where(other >= 0, value - against, value), unit, sign, other)
