"""The worked example in the order in which one does it by hand: formula, numbers, result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfviz.learn.nets.two_lesson import TwoTwoTwo

HIDDEN_OF = (("w1", "i1", "w2", "i2"), ("w3", "i1", "w4", "i2"))
OUTPUT_OF = (("w5", "h1", "w6", "h2"), ("w7", "h1", "w8", "h2"))


@dataclass(frozen=True)
class Line:
    """One result.

    Attributes:
        name: Of the result.
        formula: What it is, in names.
        numbers: The same with the numbers put in.
        result: Its value.
    """

    name: str
    formula: str
    numbers: str
    result: float


@dataclass(frozen=True)
class Chapter:
    """Results that belong together.

    Attributes:
        title: A few words.
        text: What happens and why.
        lines: The results.
        units: The units of the net that they are about.
        wires: The weights that they are about.
        back: Whether this is on the way back.
    """

    title: str
    text: str
    lines: tuple[Line, ...]
    units: tuple[str, ...] = ()
    wires: tuple[str, ...] = ()
    back: bool = False


def short(value: float) -> str:
    """Nine digits, as the worked example has them."""
    return f"{value + 0.0:.9g}"


def chapters(lesson: TwoTwoTwo) -> list[Chapter]:
    """All of it, from the inputs to the new weights."""
    at, found = lesson.forward, lesson.gradients
    w = dict(zip([f"w{i}" for i in range(1, 9)], lesson.weights, strict=True))
    b1, b2 = lesson.biases
    i1, i2 = lesson.inputs
    known = {"i1": i1, "i2": i2, "h1": at.hidden[0], "h2": at.hidden[1]}
    return [
        Chapter(
            "Forward: the hidden units",
            "Each hidden unit adds up its inputs times their weights, and its bias; a sigmoid "
            "makes an output between 0 and 1 of the sum.",
            _layer("h", HIDDEN_OF, at.hidden_net, at.hidden, w, known, ("b1", b1)),
            ("h1", "h2"),
            ("w1", "w2", "w3", "w4", "b1"),
        ),
        Chapter(
            "Forward: the outputs",
            "The same again, with the outputs of the hidden units as inputs.",
            _layer("o", OUTPUT_OF, at.output_net, at.output, w, known, ("b2", b2)),
            ("o1", "o2"),
            ("w5", "w6", "w7", "w8", "b2"),
        ),
        Chapter(
            "Forward: the error",
            "Half the squared distance of each output from its target.",
            _errors(lesson),
            ("o1", "o2"),
        ),
        Chapter(
            "Backward: the outputs",
            "How the error moves with the sum in an output unit (its delta): with the output, "
            "times how the output moves with the sum, which for a sigmoid is out * (1 - out).",
            tuple(_output_delta(lesson, k) for k in (0, 1)),
            ("o1", "o2"),
            (),
            True,
        ),
        Chapter(
            "Backward: w5 to w8",
            "A weight's gradient is the delta at its end times the output at its beginning. "
            "Gradient descent takes a step against it.",
            _weights(lesson, OUTPUT_OF, ("delta_o1", "delta_o2"), found.output_delta, known, 4),
            ("o1", "o2", "h1", "h2"),
            ("w5", "w6", "w7", "w8"),
            True,
        ),
        Chapter(
            "Backward: the hidden units",
            "A hidden unit moves the error along both outputs, so its share is a sum over both. "
            "The old w5 to w8 count here, those that the error came by.",
            tuple(line for k in (0, 1) for line in _hidden_delta(lesson, k, w)),
            ("h1", "h2"),
            ("w5", "w6", "w7", "w8"),
            True,
        ),
        Chapter(
            "Backward: w1 to w4",
            "As before: the delta at the end times the input at the beginning.",
            _weights(lesson, HIDDEN_OF, ("delta_h1", "delta_h2"), found.hidden_delta, known, 0),
            ("i1", "i2", "h1", "h2"),
            ("w1", "w2", "w3", "w4"),
            True,
        ),
        Chapter(
            "Backward: the biases",
            "A bias is a weight on an input of 1, and each of the two serves both units of its "
            "layer: its gradient is the sum of their deltas. "
            + (
                "They learn here as well."
                if lesson.update_bias
                else "The published example leaves the biases as they are, and so do the steps "
                "here; this is what they would become."
            ),
            _biases(lesson),
            (),
            ("b1", "b2"),
            True,
        ),
    ]


def _product(pairs: Sequence[tuple[str, str]]) -> str:
    return " + ".join(f"{a} * {b}" for a, b in pairs)


def _value(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def _layer(
    letter: str,
    wiring: Sequence[tuple[str, str, str, str]],
    nets: Sequence[float],
    outs: Sequence[float],
    weights: dict[str, float],
    known: dict[str, float],
    bias: tuple[str, float],
) -> tuple[Line, ...]:
    lines = []
    for unit, (wa, xa, wb, xb) in enumerate(wiring):
        name = f"{letter}{unit + 1}"
        written = [each if each[0] == "i" else f"out_{each}" for each in (xa, xb)]
        put_in = [
            (_value(weights[wa]), _value(known[xa])),
            (_value(weights[wb]), _value(known[xb])),
        ]
        lines += [
            Line(
                f"net_{name}",
                f"{_product([(wa, written[0]), (wb, written[1])])} + {bias[0]}",
                f"{_product(put_in)} + {_value(bias[1])}",
                nets[unit],
            ),
            Line(
                f"out_{name}",
                f"1 / (1 + exp(-net_{name}))",
                f"1 / (1 + exp(-{_value(nets[unit])}))",
                outs[unit],
            ),
        ]
    return tuple(lines)


def _errors(lesson: TwoTwoTwo) -> tuple[Line, ...]:
    at = lesson.forward
    lines = [
        Line(
            f"E_o{k + 1}",
            f"(t{k + 1} - out_o{k + 1})**2 / 2",
            f"({short(lesson.targets[k])} - {short(at.output[k])})**2 / 2",
            at.errors[k],
        )
        for k in (0, 1)
    ]
    put_in = f"{short(at.errors[0])} + {short(at.errors[1])}"
    return (*lines, Line("E", "E_o1 + E_o2", put_in, at.error))


def _output_delta(lesson: TwoTwoTwo, k: int) -> Line:
    out, target = short(lesson.forward.output[k]), short(lesson.targets[k])
    name = f"o{k + 1}"
    return Line(
        f"delta_{name}",
        f"(out_{name} - t{k + 1}) * out_{name} * (1 - out_{name})",
        f"({out} - {target}) * {out} * (1 - {out})",
        lesson.gradients.output_delta[k],
    )


def _hidden_delta(lesson: TwoTwoTwo, k: int, weights: dict[str, float]) -> tuple[Line, Line]:
    name, (a, b) = f"h{k + 1}", (f"w{5 + k}", f"w{7 + k}")
    first, second = (_value(each) for each in lesson.gradients.output_delta)
    out, total = short(lesson.forward.hidden[k]), lesson.gradients.hidden_sum[k]
    return (
        Line(
            f"dE/dout_{name}",
            f"delta_o1 * {a} + delta_o2 * {b}",
            f"{first} * {_value(weights[a])} + {second} * {_value(weights[b])}",
            total,
        ),
        Line(
            f"delta_{name}",
            f"dE/dout_{name} * out_{name} * (1 - out_{name})",
            f"{_value(total)} * {out} * (1 - {out})",
            lesson.gradients.hidden_delta[k],
        ),
    )


def _weights(
    lesson: TwoTwoTwo,
    wiring: Sequence[tuple[str, str, str, str]],
    names: Sequence[str],
    deltas: Sequence[float],
    known: dict[str, float],
    first: int,
) -> tuple[Line, ...]:
    lines: list[Line] = []
    for unit, (wa, xa, wb, xb) in enumerate(wiring):
        for name, source in ((wa, xa), (wb, xb)):
            index = first + len(lines) // 2
            written = source if source[0] == "i" else f"out_{source}"
            gradient = lesson.gradients.weights[index]
            lines += [
                Line(
                    f"dE/d{name}",
                    f"{names[unit]} * {written}",
                    f"{_value(deltas[unit])} * {_value(known[source])}",
                    gradient,
                ),
                _step(lesson, name, lesson.weights[index], gradient, lesson.new_weights[index]),
            ]
    return tuple(lines)


def _biases(lesson: TwoTwoTwo) -> tuple[Line, ...]:
    lines = []
    found = (("b1", "h", lesson.gradients.hidden_delta), ("b2", "o", lesson.gradients.output_delta))
    for slot, (name, letter, deltas) in enumerate(found):
        gradient = lesson.gradients.biases[slot]
        lines += [
            Line(
                f"dE/d{name}",
                f"delta_{letter}1 + delta_{letter}2",
                f"{_value(deltas[0])} + {_value(deltas[1])}",
                gradient,
            ),
            _step(lesson, name, lesson.biases[slot], gradient, lesson.moved_biases[slot]),
        ]
    return tuple(lines)


def _step(lesson: TwoTwoTwo, name: str, old: float, gradient: float, new: float) -> Line:
    return Line(
        f"new {name}",
        f"{name} - rate * dE/d{name}",
        f"{short(old)} - {short(lesson.rate)} * {_value(gradient)}",
        new,
    )
