"""The three-layer net as a lesson: every matrix of one pass, checked, and then training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError
from tfviz.learn.lesson import Lesson
from tfviz.learn.nets import three_layer as net
from tfviz.learn.nets.numbers import counted, one_number, spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from tfviz.learn.expressions.diagram import Diagram

SAMPLES, FEATURES, HIDDEN, CLASSES = 5, 3, 5, 3
RATE, STEPS = 0.5, 1000
MOST = 200_000
MOST_SHOWN = 12


@dataclass(frozen=True)
class Stage:
    """A matrix on the way.

    Attributes:
        title: A few words.
        formula: What it is.
        text: Why.
        value: The matrix, or J.
        mark: Which box of the picture it is about.
        back: Whether this is on the way back.
    """

    title: str
    formula: str
    text: str
    value: np.ndarray
    mark: int
    back: bool = False


@dataclass(frozen=True)
class ThreeLayer(Lesson):
    """What `worked_net("three-layer")` found.

    Attributes:
        x: (samples, features).
        y: (samples, outputs).
        theta1: (hidden, features + 1), the biases first.
        theta2: (outputs, hidden + 1), the biases first.
        regularisation: lambda.
        at: One pass forward and back.
        differences: Both gradients by central differences.
        rate: The learning rate.
        costs: J before the first step of gradient descent, and after each one.
        trained: The outputs at the end, (samples, outputs).
        tape: Both gradients by TensorFlow's tape; None where it wasn't asked.
    """

    x: np.ndarray
    y: np.ndarray
    theta1: np.ndarray
    theta2: np.ndarray
    regularisation: float
    at: net.Pass
    differences: tuple[np.ndarray, np.ndarray]
    rate: float
    costs: tuple[float, ...]
    trained: np.ndarray
    tape: tuple[np.ndarray, np.ndarray] | None = None
    name: str = "net-three-layer"

    @property
    def disagreement(self) -> tuple[float, float]:
        """How far both gradients are from the differences, relative to their length."""
        return (
            net.apart(self.at.gradient1, self.differences[0]),
            net.apart(self.at.gradient2, self.differences[1]),
        )

    def stages(self) -> list[Stage]:
        """Every matrix in its order."""
        at, held = self.at, self.regularisation
        decay = " + lambda/m theta{n} (no bias)" if held else ""
        return [
            Stage("Forward: a one before each sample", "[1 X]",
                  "The bias unit is always 1, and its weights are the first column of theta.",
                  at.x, 1),
            Stage("Forward: into the hidden units", "z2 = [1 X] theta1^T",
                  "All samples at once: one row each.", at.z2, 3),
            Stage("Forward: out of them", "a2 = s(z2), and a one before",
                  "s is the sigmoid; the next layer has a bias unit of its own.", at.a2, 5),
            Stage("Forward: into the outputs", "z3 = [1 a2] theta2^T", "As before.", at.z3, 7),
            Stage("Forward: out of them", "a3 = s(z3)", "One number a class.", at.a3, 8),
            Stage("Forward: the cost",
                  "J = 1/m sum(-y log(a3) - (1 - y) log(1 - a3))"
                  + (" + lambda/(2m) sum(theta**2, no bias)" if held else ""),
                  "Cross-entropy, summed over the outputs, the mean over the samples.",
                  np.array(at.cost), 10),
            Stage("Backward: delta3", "delta3 = a3 - y",
                  "The sigmoid's slope cancels against that of the logarithm: what is left is how "
                  "far each output is off.", at.delta3, 7, True),
            Stage("Backward: through theta2", "delta3 theta2",
                  "Each hidden unit gets the sum over all outputs. The first column belongs to the "
                  "bias unit, which nothing leads to: it is removed.", at.back, 5, True),
            Stage("Backward: delta2", "delta2 = (delta3 theta2, no bias column) * s'(z2)",
                  "s'(z2) = a2 (1 - a2). For one sample as a column: theta2^T delta3 * s'(z2).",
                  at.delta2, 3, True),
            Stage("Backward: the gradient of theta1",
                  "dJ/dtheta1 = delta2^T [1 X] / m" + decay.format(n=1),
                  "One product sums over the samples.", at.gradient1, 2, True),
            Stage("Backward: the gradient of theta2",
                  "dJ/dtheta2 = delta3^T [1 a2] / m" + decay.format(n=2),
                  "The same, a layer later.", at.gradient2, 6, True),
        ]  # fmt: skip

    def numbers(self) -> dict[str, Any]:
        """All of it; of the training the costs at steps spread out evenly over powers of ten."""
        steps = [0, *spread(len(self.costs) - 1)]
        return {
            "x": self.x,
            "y": self.y,
            "theta1": self.theta1,
            "theta2": self.theta2,
            "regularisation": self.regularisation,
            "pass": self.at,
            "differences": {"theta1": self.differences[0], "theta2": self.differences[1]},
            "disagreement": self.disagreement,
            "tape": None if self.tape is None else {"theta1": self.tape[0], "theta2": self.tape[1]},
            "rate": self.rate,
            "training": {"steps": steps, "costs": [self.costs[each] for each in steps]},
            "trained_outputs": self.trained,
        }

    def diagram(self) -> Diagram:
        """The computation as a graph, with the shapes on its wires."""
        from tfviz.learn.expressions.diagram import Diagram, Mark

        at = self.at

        def shape(array: np.ndarray, name: str = "") -> str:
            return f"{name} {array.shape}".strip()

        marks = [
            Mark("X", (), "", shape(self.x), "", "input"),
            Mark("[1 ·]", (0,), "a one before each", shape(at.x)),
            Mark("θ1", (), "", shape(self.theta1), shape(at.gradient1), "input"),
            Mark("matmul", (1, 2), "", shape(at.z2, "z2"), shape(at.delta2, "δ2")),
            Mark("s", (3,), "sigmoid", shape(at.a2[:, 1:]), shape(at.back[:, 1:])),
            Mark("[1 ·]", (4,), "a one before each", shape(at.a2, "a2"), shape(at.back)),
            Mark("θ2", (), "", shape(self.theta2), shape(at.gradient2), "input"),
            Mark("matmul", (5, 6), "", shape(at.z3, "z3"), shape(at.delta3, "δ3")),
            Mark("s", (7,), "sigmoid", shape(at.a3, "a3")),
            Mark("y", (), "", shape(self.y), "", "input"),
            Mark("J", (8, 9), "cross-entropy", f"{at.cost:.6f}"),
        ]
        return Diagram(marks, "Three layers with bias units", "shape", "shape of the gradient")

    def figure(self) -> Figure:
        """The computation as a graph, with the shapes on its wires."""
        from tfviz.learn.expressions.canvas import as_figure

        diagram = self.diagram()
        return as_figure(diagram.draw, *diagram.size)

    def svg(self) -> str:
        """The computation as a graph, with the shapes on its wires."""
        from tfviz.learn.expressions.canvas import as_svg

        diagram = self.diagram()
        return as_svg(diagram.draw, *diagram.size, title="A three-layer net with bias units")

    def page(self) -> str:
        """Matrix by matrix."""
        from tfviz.learn.nets.three_page import page

        return page(self)

    def formats(self) -> tuple[str, ...]:
        """What this lesson can be saved as."""
        return ("png", "svg", "html", "json")

    def __str__(self) -> str:
        samples, features = self.x.shape
        lines = [
            f"Three layers: {features} inputs, {len(self.theta1)} hidden units, "
            f"{len(self.theta2)} outputs; {samples} samples",
        ]
        if self.regularisation:
            lines.append(f"regularisation lambda = {self.regularisation:g}")
        for stage in self.stages():
            size = f"   {stage.value.shape}" if stage.value.ndim else ""
            lines += ["", f"{stage.title}{size}", f"  {stage.formula}"]
            lines += [f"    {line}" for line in printed(stage.value).split("\n")]
        lines += ["", *self.check()]
        last = len(self.costs) - 1
        lines.append(
            f"After {last:,} step{'' if last == 1 else 's'} of gradient descent at rate "
            f"{self.rate:g}: J from {self.costs[0]:.6f} to {self.costs[-1]:.6f}."
        )
        return "\n".join(lines)

    def check(self) -> list[str]:
        """How far the gradients are from those of others."""
        lines = ["How far the gradients are from central differences, relative to their length:"]
        lines.append("  theta1 {:.1e}   theta2 {:.1e}".format(*self.disagreement))
        if self.tape is not None:
            far = [
                net.apart(ours, theirs)
                for ours, theirs in zip(
                    (self.at.gradient1, self.at.gradient2), self.tape, strict=True
                )
            ]
            lines.append("And from TensorFlow's tape:")
            lines.append("  theta1 {:.1e}   theta2 {:.1e}".format(*far))
        return lines


def three_layer(
    *,
    inputs: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    hidden: int = HIDDEN,
    regularisation: float = 0.0,
    rate: float = RATE,
    steps: int = STEPS,
    tape: bool = False,
) -> ThreeLayer:
    """Works out one pass of a three-layer net, then trains it; see `worked_net`."""
    x, y = _data(inputs, targets)
    rate, steps = one_number(rate, "rate"), counted(steps, "steps")
    hidden = counted(hidden, "hidden")
    held = one_number(regularisation, "regularisation")
    if held < 0:
        raise InputError(f"regularisation must not be below 0, and it is {held:g}.")
    theta1, theta2 = net.sines(hidden, x.shape[1] + 1), net.sines(y.shape[1], hidden + 1)
    if (theta1.size + theta2.size) * len(x) > MOST:
        raise InputError(
            f"{theta1.size + theta2.size} weights and {len(x)} samples are more than one can look "
            "at; give fewer inputs, samples or hidden units."
        )
    costs, moved1, moved2 = [], theta1, theta2
    for _ in range(steps):
        at = net.through(moved1, moved2, x, y, held)
        costs.append(at.cost)
        moved1, moved2 = moved1 - rate * at.gradient1, moved2 - rate * at.gradient2
    last = net.through(moved1, moved2, x, y, held)
    return ThreeLayer(
        x,
        y,
        theta1,
        theta2,
        held,
        net.through(theta1, theta2, x, y, held),
        net.nudged(theta1, theta2, x, y, held),
        rate,
        (*costs, last.cost),
        last.a3,
        net.on_tape(theta1, theta2, x, y, held) if tape else None,
    )


def printed(value: np.ndarray) -> str:
    """A matrix in rows of text, its beginning where it is long."""
    if not value.ndim:
        return f"{float(value):.9f}"
    text = np.array2string(value[:MOST_SHOWN], precision=5, suppress_small=True, max_line_width=74)
    more = len(value) - MOST_SHOWN
    return text if more <= 0 else f"{text}\nand {more} more rows"


def _data(inputs: ArrayLike | None, targets: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    x = net.sines(SAMPLES, FEATURES) if inputs is None else _array(inputs, "inputs")
    one = x.ndim == 1
    x = x[None] if one else x
    if targets is None:
        y = np.eye(CLASSES)[(1 + np.arange(len(x))) % CLASSES]
    else:
        y = _array(targets, "targets")
        if y.ndim == 1 and one:
            y = y[None]
        elif y.ndim == 1:
            if (y != np.floor(y)).any() or (y < 0).any() or y.max(initial=0) > 999:
                raise InputError(
                    "targets as a list are the samples' classes, whole numbers from 0 to 999; for "
                    "outputs give a row for each sample."
                )
            y = np.eye(int(y.max(initial=0)) + 1)[y.astype(int)]
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not x.size or not y.size:
        raise InputError(
            f"inputs of shape {x.shape} and targets of shape {y.shape} don't go together: there "
            "must be a row of each for every sample."
        )
    if ((y < 0) | (y > 1)).any():
        raise InputError(
            f"targets are compared with outputs of a sigmoid and must be from 0 to 1; they reach "
            f"from {y.min():g} to {y.max():g}."
        )
    return x, y


def _array(numbers: ArrayLike, what: str) -> np.ndarray:
    try:
        found = np.array(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be rows of numbers, all of the same length.") from error
    if not np.isfinite(found).all():
        raise InputError(f"{what} must be finite numbers, and some are not.")
    return np.atleast_1d(found)
