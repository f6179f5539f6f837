"""Back-propagation through an expression, every number of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tfviz.errors import InputError
from tfviz.learn.expressions.collapse import Collapse, collapses
from tfviz.learn.expressions.differences import Difference, difference
from tfviz.learn.expressions.graph import Graph, build
from tfviz.learn.expressions.passes import (
    Backward,
    Forward,
    Kink,
    backward,
    forward,
    forward_mode,
    kinks,
)
from tfviz.learn.expressions.rules import RULES
from tfviz.learn.expressions.words import local_rule, told
from tfviz.learn.lesson import Lesson
from tfviz.learn.naming import file_stem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfviz.learn.expressions.diagram import Diagram


@dataclass(frozen=True)
class Backprop(Lesson):
    """What `backprop` found.

    Attributes:
        expression: As it was typed.
        graph: Its nodes, parents before children.
        values: Of every node.
        backward: Gradients of every node, and what each is the sum of.
        forward: The gradients of the inputs by forward mode, and what that took.
        differences: Of every node: how the output moves when it is nudged.
        kinks: Where the slope is a matter of convention.
        collapses: Sigmoids that were written out.
        tape: The gradients of every node by TensorFlow; None where it wasn't asked.
    """

    expression: str
    graph: Graph
    values: tuple[float, ...]
    backward: Backward
    forward: Forward
    differences: tuple[Difference, ...]
    kinks: tuple[Kink, ...]
    collapses: tuple[Collapse, ...]
    tape: tuple[float, ...] | None = None

    @classmethod
    def of(cls, expression: str, values: Mapping[str, float], *, tape: bool = False) -> Backprop:
        """As `backprop`, with the values in a dictionary, so that they can have any name."""
        known = {name: _number(name, value) for name, value in values.items()}
        graph = build(expression, known)
        at = forward(graph, known)
        back = backward(graph, at)
        on_tape = None
        if tape:
            from tfviz.learn.expressions.tape import tape_gradients

            on_tape = tape_gradients(graph, at)
        return cls(
            expression,
            graph,
            at,
            back,
            forward_mode(graph, at),
            _differences(graph, at, back.gradients),
            kinks(graph, at),
            collapses(graph, at),
            on_tape,
        )

    @property
    def name(self) -> str:  # type: ignore[override]
        """'backprop-', the expression and its values."""
        nodes, values = self.graph.nodes, self.values
        return file_stem(
            ["backprop", self.expression], {nodes[i].name: values[i] for i in self.graph.inputs}
        )

    @property
    def gradients(self) -> dict[str, float]:
        """The gradient of the output with respect to each variable, by its name."""
        nodes = self.graph.nodes
        return {nodes[i].name: self.backward.gradients[i] for i in self.graph.inputs}

    @property
    def value(self) -> float:
        """The value of the output."""
        return self.values[self.graph.output]

    def numbers(self) -> dict[str, Any]:
        """Every node with value, gradient, shares and check; both modes' work; kinks."""
        graph = self.graph
        return {
            "expression": self.expression,
            "output": graph.output,
            "value": self.value,
            "gradients": self.gradients,
            "nodes": [self._node(index) for index in range(len(graph.nodes))],
            "reverse_mode": self.backward.work,
            "forward_mode": {"work": self.forward.work, "gradients": self.forward.gradients},
            "kinks": self.kinks,
            "collapses": self.collapses,
        }

    def _node(self, index: int) -> dict[str, Any]:
        node = self.graph.nodes[index]
        twin: dict[str, Any] = {
            "index": index,
            "name": node.name,
            "op": node.op,
            "computed": self.graph.written(node),
            "parents": node.parents,
            "value": self.values[index],
            "gradient": self.backward.gradients[index],
            "shares": [
                {
                    "child": each.child,
                    "argument": each.slot,
                    "rule": local_rule(self, each)[0],
                    "numbers": local_rule(self, each)[1],
                    "upstream": each.upstream,
                    "local": each.local,
                    "amount": each.amount,
                }
                for each in self.backward.shares[index]
            ],
            "difference": self.differences[index],
        }
        if node.op in RULES:
            twin["rule"] = RULES[node.op].words
        if self.tape is not None:
            twin["tape"] = self.tape[index]
        return twin

    @cached_property
    def diagram(self) -> Diagram:
        """The graph as a drawing, laid out."""
        from tfviz.learn.expressions.pages import diagram

        return diagram(self)

    def figure(self) -> Figure:
        """The graph with all values and gradients, on a slide."""
        from tfviz.learn.expressions.canvas import as_figure

        return as_figure(self.diagram.draw, *self.diagram.size)

    def svg(self) -> str:
        """The graph with all values and gradients."""
        from tfviz.learn.expressions.canvas import as_svg

        return as_svg(self.diagram.draw, *self.diagram.size, title=self.expression)

    def page(self) -> str:
        """Forward node by node, then backward."""
        from tfviz.learn.expressions.pages import page

        return page(self)

    def formats(self) -> tuple[str, ...]:
        """What this lesson can be saved as."""
        return ("png", "svg", "html", "json")

    def __str__(self) -> str:
        return told(self)


def backprop(expression: str, /, *, tape: bool = False, **values: float) -> Backprop:
    """Draws back-propagation through an expression: values, gradients, and where they come from.

    No TensorFlow is needed, and none is imported unless `tape` asks for it. All is float64. A
    sub-expression is shared by giving it a name: in "c = a + b; e = c * c" the node c is used
    twice, and its gradient is the sum over both uses.

    Args:
        expression: Formulas of + - * / **, exp, log, sigmoid, tanh, relu and max, with ';' or new
            lines between; each may begin with a name and '='. The last one is differentiated.
        tape: Also ask TensorFlow's tape for every gradient.
        **values: The number of every name that isn't computed (for a name 'tape' call
            `Backprop.of`, which takes a dictionary).

    Returns:
        A lesson: `print` it, look at `.gradients`, `.save` it as png, svg, html and json.

    Raises:
        InputError: With a caret under the place: if the expression doesn't parse, a name has no
            value, or there is no value or no slope at this point (log of 0, 1/0, x**0.5 at 0).

    Source:
        Baydin et al., "Automatic differentiation in machine learning: a survey", JMLR 2018,
        sections 3.1 and 3.2.

    >>> backprop("e = (a + b) * (b + 1)", a=2, b=1).gradients
    {'a': 2.0, 'b': 5.0}
    """
    return Backprop.of(expression, values, tape=tape)


def _differences(
    graph: Graph, values: Sequence[float], gradients: Sequence[float]
) -> tuple[Difference, ...]:
    return tuple(difference(graph, values, gradients, index) for index in range(len(graph.nodes)))


def _number(name: str, value: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}={value!r} is no number; give one, such as {name}=2.") from error
    except OverflowError as error:
        raise InputError(f"{name} is beyond the largest float64, 1.8e308.") from error
    if not math.isfinite(number):
        raise InputError(f"{name}={number} is no finite number; give one, such as {name}=2.")
    return number
