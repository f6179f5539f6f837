"""The layers of the textbook as graphs with shapes on their edges, and as pages."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from tfviz.draw.stepping import Step, stepping_page
from tfviz.learn.expressions.canvas import as_svg
from tfviz.learn.expressions.diagram import Diagram, Mark, Shown
from tfviz.learn.palette import GRADIENT, VALUE

if TYPE_CHECKING:
    import numpy as np

    from tfviz.learn.textbook.lesson import TextbookLayer


def diagram(lesson: TextbookLayer) -> Diagram:
    """The layer's computation; above each wire the shape of what flows, below of its gradient."""
    made = {
        "affine": _affine,
        "sigmoid": _sigmoid,
        "relu": _relu,
        "softmax-loss": _softmax_loss,
        "two-layer": _two_layer,
    }[lesson.layer]
    return Diagram(made(lesson), _title(lesson), "shape", "shape of the gradient")


def page(lesson: TextbookLayer) -> str:
    """Forward, backward, and the check."""
    from tfviz.learn.textbook.lesson import told

    graph, rule = diagram(lesson), lesson.rule
    everything = set(range(len(graph.marks)))

    def picture(shown: Shown) -> str:
        return as_svg(lambda canvas: graph.draw(canvas, shown), *graph.size, "")

    def lines(arrays: dict[str, np.ndarray], prefix: str = "") -> str:
        rows = [line for name, each in arrays.items() for line in told(f"{prefix}{name}", each)]
        return textwrap.dedent("\n".join(rows))

    out = "L" if not lesson.output.ndim else "Y"
    shapes = ", ".join(f"{name} {each.shape}" for name, each in lesson.inputs.items())
    back = ", ".join(f"d{name} {each.shape}" for name, each in lesson.gradients.items())
    came_back = {} if out == "L" else {out: lesson.dout}
    steps = [
        Step(
            "Forward",
            picture(Shown(everything, set(), (), (), VALUE)),
            f"The layer as a graph with shapes on its wires: {shapes}; {out} {lesson.output.shape} "
            "comes out.",
            list(rule.forward),
            code=lines({**lesson.inputs, **lesson.between, out: lesson.output}),
        ),
        Step(
            "Backward",
            picture(Shown(everything, everything, (), (), GRADIENT)),
            f"The same graph with the shapes of the gradients: {back}.",
            [*rule.backward, rule.words],
            code=lines({**came_back, **lesson.gradients}, "d"),
        ),
        Step("The check", code=str(lesson.check)),
    ]
    return stepping_page(
        f"{rule.title}, forward and backward",
        steps,
        intro=["A layer as in the textbooks, by NumPy, checked number by number."],
        data=lesson.to_dict(),
    )


def _title(lesson: TextbookLayer) -> str:
    shape = lesson.inputs["X"].shape
    batch = "one vector" if len(shape) == 1 else f"a batch of {shape[0]}"
    return f"{lesson.rule.title}, {batch}"


def _shape(array: np.ndarray, name: str = "") -> str:
    inside = ", ".join(str(each) for each in array.shape)
    return f"{name} ({inside}{',' if array.ndim == 1 else ''})".strip()


def _leaf(lesson: TextbookLayer, name: str, gradient: bool = True) -> Mark:
    array = lesson.inputs[name]
    below = _shape(lesson.gradients[name], f"d{name}") if gradient else ""
    return Mark(name, (), "", _shape(array), below, "input")


def _affine(lesson: TextbookLayer) -> list[Mark]:
    product = _shape(lesson.output)
    single = lesson.inputs["X"].ndim == 1
    return [
        _leaf(lesson, "X"),
        _leaf(lesson, "W"),
        Mark("dot", (0, 1), "dX = dY Wᵀ, dW = Xᵀ dY", product, _shape(lesson.dout)),
        _leaf(lesson, "b"),
        Mark(
            "+",
            (2, 3),
            "db = dY" if single else "db = sum of dY over the batch",
            _shape(lesson.output, "Y"),
            _shape(lesson.dout, "dY"),
        ),
    ]


def _sigmoid(lesson: TextbookLayer) -> list[Mark]:
    shape = _shape(lesson.output)
    return [
        _leaf(lesson, "X"),
        Mark("× −1", (0,), "back: × −1", shape, shape),
        Mark("exp", (1,), "back: × exp(−X)", shape, shape),
        Mark("+ 1", (2,), "back: as it is", shape, shape),
        Mark("1 ÷ ·", (3,), "back: × −Y²", _shape(lesson.output, "Y"), _shape(lesson.dout, "dY")),
    ]


def _relu(lesson: TextbookLayer) -> list[Mark]:
    return [
        _leaf(lesson, "X"),
        Mark(
            "relu",
            (0,),
            "back: dY where X > 0",
            _shape(lesson.output, "Y"),
            _shape(lesson.dout, "dY"),
        ),
    ]


def _softmax_loss(lesson: TextbookLayer) -> list[Mark]:
    shape = _shape(lesson.inputs["X"])
    return [
        _leaf(lesson, "X"),
        Mark("softmax", (0,), "dX = (Y − T) ÷ batch", f"Y {shape}", f"dY {shape}"),
        _leaf(lesson, "T", gradient=False),
        Mark("cross-entropy", (1, 2), "", f"L {float(lesson.output):.4f}", "1"),
    ]


def _two_layer(lesson: TextbookLayer) -> list[Mark]:
    rows = lesson.inputs["X"].shape[:-1]

    def shape(size: int) -> str:
        inside = ", ".join(str(each) for each in (*rows, size))
        return f"({inside}{'' if rows else ','})"

    hidden, classes = (lesson.inputs[name].shape[0] for name in ("b1", "b2"))
    return [
        _leaf(lesson, "X"),
        _leaf(lesson, "W1"),
        _leaf(lesson, "b1"),
        Mark("affine", (0, 1, 2), "", shape(hidden), shape(hidden)),
        Mark("relu", (3,), "", shape(hidden), shape(hidden)),
        _leaf(lesson, "W2"),
        _leaf(lesson, "b2"),
        Mark("affine", (4, 5, 6), "", shape(classes), shape(classes)),
        _leaf(lesson, "T", gradient=False),
        Mark("softmax, loss", (7, 8), "", f"L {float(lesson.output):.4f}", "1"),
    ]
