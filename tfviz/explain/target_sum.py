"""Several outputs at once: a target for each, added up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfviz.errors import TargetError
from tfviz.explain.outputs import output_index
from tfviz.explain.target import (
    FindClass,
    Parameters,
    Score,
    Target,
    no_unit,
    part_of,
    prefixed,
)
from tfviz.explain.target_detection import Detection
from tfviz.explain.targets import as_target

if TYPE_CHECKING:
    from tfviz.explain.outputs import Ending, Outputs

Part = tuple[int | str, Any, float]


class Sum(Target):
    """A target for each of several outputs, explained together: the weighted sum of their scores.

        y = sum_o w_o y_o

    Scores of different outputs may be of very different size, and the larger one rules the map;
    `weights` bring them to one size. A negative weight explains one output rather than another.

    Args:
        targets: By the output's name or index: `{"kind": "cat", "price": 0}`; or a list, one for
            each output in their order. Each as a target is given for one output, a function gets
            this output's logits.
        weights: One each, in the same form; 1 by default.

    Raises:
        TargetError: When there is no target, or a weight without one.
    """

    reads_all = True
    no_class = "the target is the sum of several outputs"

    def __init__(
        self,
        targets: Mapping[int | str, Any] | Sequence[Any],
        weights: Mapping[int | str, float] | Sequence[float] | None = None,
    ) -> None:
        if isinstance(targets, (str, Target)) or not isinstance(targets, (Mapping, Sequence)):
            raise TargetError(
                f"Sum({targets!r}) is no collection: give a target for each output, as "
                f"Sum({{'output': target}}) or as a list in their order."
            )
        given = _by_output(targets)
        if not given:
            raise TargetError("Sum() is of no target: give at least one, as Sum({'output': 3}).")
        weighing = {} if weights is None else _by_output(weights)
        unknown = [output for output in weighing if output not in given]
        if unknown:
            raise TargetError(f"Sum(weights=) holds {unknown[0]!r}, for which there is no target.")
        self.parts: tuple[Part, ...] = tuple(
            (output, each if isinstance(each, str) else _part(each), _weight(weighing, output))
            for output, each in given.items()
        )

    @classmethod
    def _of(cls, parts: tuple[Part, ...]) -> Sum:
        made = cls.__new__(cls)
        made.parts = parts
        return made

    def _each(self) -> list[tuple[int, int | str, Target, float]]:
        return [
            (i, output, _part(target), weight)
            for i, (output, target, weight) in enumerate(self.parts)
        ]

    @staticmethod
    def prefix(index: int) -> str:
        """Before the names of the parameters of one part."""
        return f"{index}."

    @staticmethod
    def index_of(output: int | str, endings: tuple[Ending, ...]) -> int:
        """Which output is meant."""
        return output_index(output, [each.name for each in endings])

    def named(self, find_class: FindClass) -> Target:
        """The same with class names looked up."""
        return Sum._of(
            tuple((output, _part(each, find_class), weight) for output, each, weight in self.parts)
        )

    @property
    def kind(self) -> Hashable:
        """Outputs, and the kinds of their targets."""
        return ("sum", tuple((output, target.kind) for _, output, target, _ in self._each()))

    @property
    def signature(self) -> dict[str, Any]:
        """Of all targets, and their weights."""
        made: dict[str, Any] = {}
        for i, _, target, _ in self._each():
            own = target.signature | {"weight": np.float32}
            made |= prefixed(self.prefix(i), own)
        return made

    def parameters(self, count: int) -> Parameters:
        """Of all targets, and their weights."""
        made: Parameters = {}
        for i, _, target, weight in self._each():
            own = target.parameters(count) | {"weight": np.full(count, weight, np.float32)}
            made |= prefixed(self.prefix(i), own)
        return made

    def check_outputs(self, units: int | None, endings: tuple[Ending, ...], index: int) -> None:
        """Refuse what each output doesn't have."""
        for _, output, target, _ in self._each():
            which = self.index_of(output, endings)
            target.check_outputs(endings[which].units, endings, which)

    def check_inputs(self, shapes: tuple[tuple[int, ...], ...]) -> None:
        """Refuse places outside the picture."""
        for _, _, target, _ in self._each():
            target.check_inputs(shapes)

    def pinned(
        self,
        units: np.ndarray,
        signs: np.ndarray,
        others: np.ndarray,
        kept: Mapping[str, np.ndarray],
    ) -> Target:
        """The same with each target pinned."""
        parts = []
        for i, output, target, weight in self._each():
            own = part_of(self.prefix(i), kept)
            settled = target.pinned(
                own["units"], own["signs"], own["others"], part_of("kept_", own)
            )
            parts.append((output, settled, weight))
        return Sum._of(tuple(parts))

    def mirrored(self, width: float) -> Target:
        """The same with all places mirrored."""
        parts = [(output, each.mirrored(width), weight) for _, output, each, weight in self._each()]
        return Sum._of(tuple(parts))

    def score_of(self, outputs: Outputs, parameters: dict[str, tf.Tensor]) -> Score:
        """The weighted sum."""
        values: list[tf.Tensor] = []
        sources: list[tf.Tensor] = []
        kept: dict[str, tf.Tensor] = {}
        for i, output, target, _ in self._each():
            own = part_of(self.prefix(i), parameters)
            found = target.score_of(outputs.one(output), own)
            sources += found.sources or (found.value,)
            values.append(own["weight"] * tf.cast(found.value, tf.float32))
            chosen = {
                "units": found.unit,
                "signs": tf.cast(found.sign, tf.float32),
                "others": found.other,
            }
            kept |= prefixed(self.prefix(i), chosen | prefixed("kept_", found.kept))
        return replace(no_unit(tf.add_n(values)), kept=kept, sources=tuple(sources))

    def how(self, outputs: Outputs) -> str:
        """Of each output."""
        each = [
            f"of '{outputs.one(output).name}' {target.how(outputs.one(output))}"
            for _, output, target, _ in self._each()
        ]
        return f"a sum: {'; '.join(each)}"


def _by_output(given: Mapping[int | str, Any] | Sequence[Any]) -> dict[int | str, Any]:
    return dict(given) if isinstance(given, Mapping) else dict(enumerate(given))


def _weight(weights: Mapping[int | str, Any], output: int | str) -> float:
    try:
        weight = float(weights.get(output, 1.0))
    except (TypeError, ValueError):
        weight = float("nan")
    if not np.isfinite(weight):
        raise TargetError(f"Sum(weights=) is {weights[output]!r} for {output!r}: give a number.")
    return weight


def _part(given: Any, find_class: FindClass | None = None) -> Target:
    made = as_target(given, find_class)
    if isinstance(made, (Detection, Sum)):
        raise TargetError(
            f"A {type(made).__name__} reads several outputs itself and can't be part of a Sum: "
            f"write a function of the outputs."
        )
    return made
