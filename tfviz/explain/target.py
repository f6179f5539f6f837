"""What every target has: a kind that is traced, parameters that are not, and a score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from tfviz.explain.outputs import Ending, Outputs

Parameters = dict[str, np.ndarray]
FindClass = Callable[[str], Any]

# What of a score makes the same target of other inputs: see `Target.pinned`.
PINNED = ("units", "signs", "others", "kept")


class Target(ABC):
    """One number per input, to be explained."""

    # Reads more than the one output that `output=` names.
    reads_all: ClassVar[bool] = False
    # Why it isn't the score of one class, as the end of a sentence; '' where it is.
    no_class: ClassVar[str] = ""
    # What is said of an input in which there is nothing to explain (sign 0).
    nothing: ClassVar[str] = ""

    @property
    @abstractmethod
    def kind(self) -> Hashable:
        """What is traced: targets of equal kind share one traced function."""

    @property
    @abstractmethod
    def signature(self) -> dict[str, Any]:
        """Names of the parameters, and their types, or a `tf.TensorSpec` where they have shapes.

        The first axis of a spec is the batch, None.
        """

    @abstractmethod
    def parameters(self, count: int) -> Parameters:
        """Arrays with `count` rows each that go into the traced function."""

    @abstractmethod
    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The score inside the traced function.

        Args:
            outputs: What the model puts out in one call, symbolic.
            parameters: As given by `parameters`, as tensors.
        """

    def named(self, find_class: FindClass) -> Target:
        """The same with class names looked up."""
        return self

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        """The same for inputs made from these ones: what was most likely stays explained.

        A masked or noisy picture may be taken for something else; its score must still be that of
        what was explained of the picture itself.

        Args:
            units: Explained units, (batch,) int32.
            signs: Their signs, (batch,) float32.
            others: Units they are set against, (batch,) int32, -1 for none.
            kept: What else the target chose for each input, as in its `Score`.

        Returns:
            This target, unless it chooses by what the model says.
        """
        return self

    def mirrored(self, width: float) -> Target:
        """The same for inputs mirrored left to right.

        Args:
            width: Of the mirrored inputs, pixels.

        Returns:
            This target, unless it holds places.
        """
        return self

    def check(self, units: int | None, activation: str | None) -> None:  # noqa: B027 - optional
        """Refuse what an output of so many units, ending in this activation, doesn't have."""

    def check_outputs(self, units: int | None, endings: tuple[Ending, ...], index: int) -> None:
        """Refuse what the outputs don't have.

        Args:
            units: That the target picks from.
            endings: How each output ends.
            index: The output that is explained.
        """
        self.check(units, endings[index].activation)

    def check_inputs(self, shapes: tuple[tuple[int, ...], ...]) -> None:  # noqa: B027 - optional
        """Refuse places that don't lie on inputs of these shapes, given without batch axis."""

    def how(self, outputs: Outputs) -> str:
        """How the score is obtained, in words."""
        return outputs.how

    def remark(self, outputs: Outputs) -> str:
        """What else holds for all scores, in words; '' for nothing."""
        return ""


class UnitTarget(Target):
    """A target that picks from the units of the explained output, its places averaged."""

    @abstractmethod
    def score(
        self,
        logits: tf.Tensor,
        parameters: dict[str, tf.Tensor],
        *,
        activation: str | None = None,
        spatial: bool = False,
    ) -> Score:
        """The score inside the traced function.

        Args:
            logits: What the model puts out, before its last softmax or sigmoid, (batch, units).
            parameters: As given by `parameters`, as tensors.
            activation: What followed the logits: 'softmax', 'sigmoid', None, ...
            spatial: Whether the output has places (a segmentation).
        """

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """Pick from the means over all places."""
        return self.score(
            outputs.means, parameters, activation=outputs.activation, spatial=outputs.spatial
        )

    def remark(self, outputs: Outputs) -> str:
        """What was averaged."""
        if not outputs.spatial:
            return ""
        return "the score is the mean of the class over all places of the output"


@dataclass(frozen=True, eq=False)
class Score:
    """What a target makes of the outputs, symbolic.

    Attributes:
        value: Scores, (batch,).
        unit: The unit explained, (batch,) int32; -1 where the target is no unit.
        sign: 1, or -1 where the unit speaks against the target; 0 where there is nothing to
            explain.
        other: The unit it is set against, (batch,) int32; -1 where there is none.
        logits: What the unit was picked from, (batch, units); None for the means of the explained
            output.
        kept: What else was chosen for each input, (batch, ...) each: `Target.pinned` gets it.
        sources: What the score is differentiated through, all of which must depend on the layer;
            the value itself when there is none. A choice (an argmax) is no source.
    """

    value: tf.Tensor
    unit: tf.Tensor
    sign: tf.Tensor
    other: tf.Tensor
    logits: tf.Tensor | None = None
    kept: dict[str, tf.Tensor] = field(default_factory=dict)
    sources: tuple[tf.Tensor, ...] = ()


def no_unit(value: tf.Tensor) -> Score:
    """A score that is not of one unit."""
    none = tf.fill(tf.shape(value), -1)
    return Score(value, none, tf.ones_like(value), none)


def prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a target that is part of another."""
    return {f"{prefix}{name}": value for name, value in values.items()}


def part_of(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """From the parameters of a target to those of its part with this prefix."""
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
