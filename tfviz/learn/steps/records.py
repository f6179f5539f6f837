"""What is told of one training step: numbers, ops and layers, without any graph behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfviz.learn.steps.nudging import Nudge

SHOWN = 6
BEHIND = "(loss)"
"""Where the ops behind the model belong: the loss, and what the model adds to it."""


@dataclass(frozen=True)
class Numbers:
    """An array in a few numbers.

    Attributes:
        shape: Its shape.
        dtype: Its type.
        norm: The root of the sum of squares.
        low: The smallest.
        high: The largest.
        mean: The mean.
        zeros: Which share of it is exactly 0.
        first: The first few.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float
    low: float
    high: float
    mean: float
    zeros: float
    first: tuple[float, ...]

    @classmethod
    def of(cls, array: np.ndarray) -> Numbers:
        """The numbers of an array, computed in float64."""
        flat = np.asarray(array, np.float64).reshape(-1)
        if not flat.size:
            return cls(tuple(array.shape), array.dtype.name, 0.0, 0.0, 0.0, 0.0, 0.0, ())
        return cls(
            tuple(array.shape),
            array.dtype.name,
            float(np.linalg.norm(flat)),
            float(flat.min()),
            float(flat.max()),
            float(flat.mean()),
            float(np.mean(flat == 0)),
            tuple(float(each) for each in flat[:SHOWN]),
        )


@dataclass(frozen=True)
class Input:
    """One input of an op that gets a gradient, or a number the op was given beside it.

    Attributes:
        letter: What it is called in the formula.
        made_by: The op, variable or argument it comes from.
        value: Its value.
        formula: What goes back to it, by the rule; '' where no gradient does.
        part: What goes back to it through this op; None where no gradient does.
        put_in: The formula with the numbers of one place, and what comes out; '' where the rule
            has no formula for numbers.
        place: Which place of the input that is.
        follows: Whether the formula gives all of TensorFlow's numbers; None without a formula.
        off_by: The largest difference, relative to the largest number.
        nudges: Finite differences.
        unchecked: Why there are none.
    """

    letter: str
    made_by: str
    value: Numbers
    formula: str = ""
    part: Numbers | None = None
    put_in: str = ""
    place: tuple[int, ...] = ()
    follows: bool | None = None
    off_by: float = 0.0
    nudges: tuple[Nudge, ...] = ()
    unchecked: str = ""


@dataclass(frozen=True)
class Use:
    """What comes back to a tensor through one of the ops that use it."""

    op: str
    part: Numbers


@dataclass(frozen=True)
class Output:
    """One output of an op.

    Attributes:
        value: Its value.
        gradient: Of the loss by it; None where nothing that leads to the loss uses it.
        uses: Where several ops use it: what comes back through each.
        sum_off_by: How far the sum of these is from the gradient, relative to their sizes.
    """

    value: Numbers
    gradient: Numbers | None
    uses: tuple[Use, ...] = ()
    sum_off_by: float = 0.0


@dataclass(frozen=True)
class OpStep:
    """One op of the step that the gradient goes through, or a variable at its end.

    Attributes:
        name: In the graph.
        short: Within its layer.
        kind: The op's type; 'Variable' for a weight, 'Input' for what the model was given.
        layer: The path of its layer; '' for the model's own, `BEHIND` for what comes behind.
        words: The local rule in words.
        known: Whether the table has the rule; else TensorFlow's own is all there is.
        inputs: What it was given.
        outputs: What it made.
    """

    name: str
    short: str
    kind: str
    layer: str
    words: str
    known: bool
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    @property
    def checked(self) -> bool | None:
        """Whether all finite differences agree; None where there is none that can tell."""
        told = [n.agrees for each in self.inputs for n in each.nudges if n.agrees is not None]
        return all(told) if told else None

    @property
    def main(self) -> Output | None:
        """Its first output that has a gradient; None where all that has one is in lists."""
        return next((each for each in self.outputs if each.gradient is not None), None)

    @property
    def value_norm(self) -> float | None:
        """Of its main output."""
        return None if self.main is None else self.main.value.norm

    @property
    def gradient_norm(self) -> float | None:
        """Of its main output."""
        gradient = None if self.main is None else self.main.gradient
        return None if gradient is None else gradient.norm


@dataclass(frozen=True)
class Weight:
    """One trainable variable.

    Attributes:
        path: Its path.
        value: What it holds.
        gradient: Of the loss by it; None where the loss doesn't depend on it.
        update: The norm of what the step adds to it.
        ratio: The norm of the update over that of the values; None where that is 0.
        nudge: The finite difference of the whole loss; None where none was made.
    """

    path: str
    value: Numbers
    gradient: Numbers | None
    update: float
    ratio: float | None
    nudge: Nudge | None = None


def ratio_of(weights: Sequence[Weight]) -> float | None:
    """How far a step moves weights, taken together as one vector, relative to its length.

    Args:
        weights: Those of a layer, say. Its bias may be near 0, and so move far in its own measure
            while the layer hardly moves: no mean or maximum of ratios tells of the layer.

    Returns:
        The norm of the update over that of the values; None where all values are 0, or there are
        none.
    """
    size = math.hypot(*(each.value.norm for each in weights))
    return math.hypot(*(each.update for each in weights)) / size if size else None


@dataclass(frozen=True)
class LayerStep:
    """One call of a layer.

    Attributes:
        path: From the model down; '' for the model, `BEHIND` for what comes behind it.
        kind: Its class.
        call: 1 for the first call.
        calls: How often the step calls it.
        depth: How deep it lies in the model.
        output: What it returned; None where that is no tensor of numbers.
        gradient: Of the loss by that; None where the loss doesn't need it.
        ops: The names of its own ops that the gradient goes through, in order.
        silent: How many more ops it has: constants, shapes, random numbers.
        weights: Paths of its own trainable variables.
        ratio: The norm of the step's update of all these together over that of their values; None
            where they are all 0, or there is none.
    """

    path: str
    kind: str
    call: int
    calls: int
    depth: int
    output: Numbers | None
    gradient: Numbers | None
    ops: tuple[str, ...]
    silent: int
    weights: tuple[str, ...]
    ratio: float | None
