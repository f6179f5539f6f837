"""A layer of the textbook as a lesson: its graph with shapes, its numbers, its check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfviz.errors import InputError, nearest
from tfviz.learn.given import whole
from tfviz.learn.lesson import Lesson
from tfviz.learn.textbook.check import GradientCheck, check_gradient
from tfviz.learn.textbook.layers import Affine, ReLU, Sigmoid, SoftmaxWithLoss
from tfviz.learn.textbook.network import TwoLayerNet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfviz.learn.expressions.diagram import Diagram

BATCH = 4
MOST_BATCH = 1000
SHOWN_ROWS = 8


@dataclass(frozen=True)
class Rule:
    """What a layer does, in formulas.

    Attributes:
        title: The layer's name.
        forward: From what goes in to what comes out.
        backward: From the gradient that comes back to those that go on.
        words: Why.
    """

    title: str
    forward: tuple[str, ...]
    backward: tuple[str, ...]
    words: str


RULES = {
    "affine": Rule(
        "Affine",
        ("Y = X W + b",),
        ("dX = dY W^T", "dW = X^T dY", "db = sum of dY over the batch"),
        "Each gradient has the shape of what it belongs to, which alone nearly settles where the "
        "transposes go. b is added to every sample, so its gradient is the sum over them.",
    ),
    "sigmoid": Rule(
        "Sigmoid",
        ("Y = 1 / (1 + exp(-X))",),
        ("dX = dY * Y * (1 - Y)",),
        "All that backward needs is the output; at most a quarter of the gradient comes through.",
    ),
    "relu": Rule(
        "ReLU",
        ("Y = X where X > 0, else 0",),
        ("dX = dY where X > 0, else 0",),
        "A switch: the gradient passes where the value did. At 0 it is off, as in TensorFlow.",
    ),
    "softmax-loss": Rule(
        "Softmax with loss",
        ("Y = exp(X) / sum of exp(X) over the classes", "L = -sum(T * log(Y)) / batch"),
        ("dX = (Y - T) / batch",),
        "The logarithm undoes the exponential, so what goes back is just how far each probability "
        "is from its target. Divided by the batch, because the loss is a mean.",
    ),
    "two-layer": Rule(
        "Two-layer net",
        ("H = relu(X W1 + b1)", "L = softmax with loss of H W2 + b2 against T"),
        ("the layers' backward, in the opposite order",),
        "A net is its layers: forward one after the other, backward the same way in return.",
    ),
}
LAYERS = tuple(RULES)


@dataclass(frozen=True)
class TextbookLayer(Lesson):
    """What `textbook` found.

    Attributes:
        layer: One of `LAYERS`.
        inputs: What goes in, by name: X, and W, b, T where there are any.
        between: What is computed on the way, by name: the probabilities of a softmax.
        output: What comes out.
        dout: What comes back; 1 for a loss.
        gradients: What goes on back, by the names of `inputs`.
        check: The gradients against numeric ones, and against the tape where asked.
    """

    layer: str
    inputs: dict[str, np.ndarray]
    between: dict[str, np.ndarray]
    output: np.ndarray
    dout: np.ndarray
    gradients: dict[str, np.ndarray]
    check: GradientCheck

    @property
    def name(self) -> str:  # type: ignore[override]
        """'textbook-' and the layer."""
        return f"textbook-{self.layer}"

    @property
    def rule(self) -> Rule:
        """The layer's formulas."""
        return RULES[self.layer]

    def numbers(self) -> dict[str, Any]:
        """What went in and out, back and on, and how well it agrees."""
        return {
            "layer": self.layer,
            "rule": self.rule,
            "inputs": self.inputs,
            "between": self.between,
            "output": self.output,
            "dout": self.dout,
            "gradients": self.gradients,
            "check": self.check,
            "agrees": self.check.agrees,
        }

    def diagram(self) -> Diagram:
        """The layer as a graph, with shapes on its wires."""
        from tfviz.learn.textbook.pictures import diagram

        return diagram(self)

    def figure(self) -> Figure:
        """The layer as a graph, with shapes on its wires."""
        from tfviz.learn.expressions.canvas import as_figure

        diagram = self.diagram()
        return as_figure(diagram.draw, *diagram.size)

    def svg(self) -> str:
        """The layer as a graph, with shapes on its wires."""
        from tfviz.learn.expressions.canvas import as_svg

        diagram = self.diagram()
        return as_svg(diagram.draw, *diagram.size, title=self.rule.title)

    def page(self) -> str:
        """Forward, backward and the check."""
        from tfviz.learn.textbook.pictures import page

        return page(self)

    def formats(self) -> tuple[str, ...]:
        """What this lesson can be saved as."""
        return ("png", "svg", "html", "json")

    def __str__(self) -> str:
        rule = self.rule
        lines = [rule.title, "", "Forward", *(f"  {each}" for each in rule.forward)]
        for name, array in {**self.inputs, **self.between}.items():
            lines += told(name, array)
        lines += told("L" if not self.output.ndim else "Y", self.output)
        lines += ["", "Backward", *(f"  {each}" for each in rule.backward)]
        if self.output.ndim:
            lines += told("dY", self.dout)
        for name, array in self.gradients.items():
            lines += told(f"d{name}", array)
        return "\n".join([*lines, "", str(self.check)])


def textbook_layer(
    layer: str,
    *,
    batch: int = BATCH,
    single: bool = False,
    tape: bool = False,
    seed: int = 0,
) -> TextbookLayer:
    """A layer of the textbook with small numbers: forward, backward, drawn and checked.

    Args:
        layer: 'affine', 'sigmoid', 'relu', 'softmax-loss' or 'two-layer'.
        batch: How many samples.
        single: One vector in place of a batch.
        tape: Also ask TensorFlow's tape for the gradients.
        seed: Of the numbers.

    Returns:
        A lesson: `print` it, look at `.gradients`, `.save` it as png, svg, html and json.

    Raises:
        InputError: For a layer that doesn't exist, no batch, or a seed that is none.

    Source:
        Saitoh, "Deep Learning from Scratch", 2016, chapter 5.

    >>> textbook_layer("affine", batch=4).gradients["b"].shape
    (3,)
    """
    named, layer = layer, str(layer).lower().replace("_", "-")
    if layer not in LAYERS:
        raise InputError(
            f"there is no layer '{named}' in the textbook.{nearest(layer, LAYERS)} There are "
            f"{', '.join(LAYERS)}."
        )
    batch = whole(batch, "batch")
    if not 1 <= batch <= MOST_BATCH:
        raise InputError(f"batch must be a whole number from 1 to {MOST_BATCH}, not {batch}.")
    seed = whole(seed, "seed")
    if seed < 0:
        raise InputError(f"seed must be a whole number from 0 on, not {seed}.")
    random = np.random.default_rng(int(seed))
    # Two digits, so that one can follow by hand.
    made = _made(layer, random)
    features = 2 if layer in ("affine", "two-layer") else 3
    x = np.round(random.normal(size=features if single else (batch, features)), 2)
    t: np.ndarray | None = None
    if layer in ("softmax-loss", "two-layer"):
        labels = np.arange(1 if single else batch) % 3
        t = np.eye(3)[labels[0] if single else labels]
    dout = None
    if t is None:
        shape = made.forward(x).shape
        dout = np.round(random.normal(size=shape), 2)
    output = made.forward(x) if t is None else made.forward(x, t)
    gradients = {"X": made.backward(1.0 if dout is None else dout)}
    inputs = {"X": x}
    if layer in ("affine", "two-layer"):
        inputs |= made.parameters()
        gradients |= made.gradients()
    if t is not None:
        inputs["T"] = t
    return TextbookLayer(
        layer,
        inputs,
        {"Y": made.y} if isinstance(made, SoftmaxWithLoss) else {},
        np.array(output),
        np.ones(()) if dout is None else dout,
        gradients,
        check_gradient(made, x, t, dout=dout, tape=tape),
    )


def _made(layer: str, random: np.random.Generator) -> Any:
    if layer == "affine":
        numbers = np.round(random.normal(size=9), 2)
        return Affine(numbers[:6].reshape(2, 3), numbers[6:])
    if layer == "two-layer":
        return TwoLayerNet(2, 4, 3, scale=1.0, seed=int(random.integers(1000)))
    return {"sigmoid": Sigmoid, "relu": ReLU, "softmax-loss": SoftmaxWithLoss}[layer]()


def told(name: str, array: np.ndarray) -> list[str]:
    """A name, a shape and numbers in rows, the first ones of many."""
    if not array.ndim:
        return [f"  {name} = {float(array):.6g}"]
    shown = array[:SHOWN_ROWS] if array.ndim > 1 else array
    text = np.array2string(shown, precision=4, suppress_small=True, max_line_width=74)
    lines = [f"  {name} {array.shape}", *(f"    {line}" for line in text.split("\n"))]
    if len(shown) < len(array):
        lines.append(f"    and {len(array) - len(shown)} more rows")
    return lines
