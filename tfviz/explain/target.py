"""What every target has: a kind that is traced, parameters that are not, and a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Parameters = dict[str, np.ndarray]


class Target(ABC):
    """One number per input, to be explained."""

    @property
    @abstractmethod
    def kind(self) -> Hashable:
        """What is traced: targets of equal kind share one traced function."""

    @property
    @abstractmethod
    def signature(self) -> dict[str, type[np.generic]]:
        """Names and types of the parameters."""

    @abstractmethod
    def parameters(self, count: int) -> Parameters:
        """Arrays with `count` entries each that go into the traced function."""

    def check(self, units: int | None, activation: str | None) -> None:  # noqa: B027 - optional
        """Refuse what an output of so many units, ending in this activation, doesn't have."""

    @abstractmethod
    def score(
        self,
        logits: Any,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        """The score inside the traced function.

        Args:
            logits: What the model puts out, before its last softmax or sigmoid: for all targets
                but `Function` a (batch, units) tensor.
            parameters: As given by `parameters`, as tensors.
            activation: What followed the logits: 'softmax', 'sigmoid', None, ...
            spatial: Whether the output has places (a segmentation).
        """


@dataclass(frozen=True, eq=False)
class Score:
    """What a target makes of the outputs, symbolic.

    Attributes:
        value: Scores, (batch,).
        unit: The unit explained, (batch,) int32; -1 where the target is no unit.
        sign: 1, or -1 where the unit speaks against the target.
        other: The unit it is set against, (batch,) int32; -1 where there is none.
    """

    value: tf.Tensor
    unit: tf.Tensor
    sign: tf.Tensor
    other: tf.Tensor
