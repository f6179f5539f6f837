"""The local rule of each kind of op: what it makes of the gradient that comes back to its output.

A formula here is both what is shown and what is computed: its letters are replaced by the step's
numbers, in float64, and what comes out is held against TensorFlow's gradient. `y` is what the op
returned and `dy` the gradient there; `x`, or `a`, `b`, `c`, are what it was given.

Source: the gradients registered in TensorFlow (python/ops/math_grad.py, nn_grad.py, array_grad.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rule:
    """What an op does to a gradient.

    Attributes:
        words: In words.
        forms: A formula for each of the op's inputs; '' for one that gets no gradient. One that
            ends in '...' is meant for people only.
        pointwise: Whether each number has its own partner in `dy`, so that numbers can be put in.
    """

    words: str
    forms: tuple[str, ...]
    pointwise: bool = False


def _each(words: str, *forms: str) -> Rule:
    return Rule(words, forms, pointwise=True)


_PASSES = "passed on unchanged"
_MOVED = "each gradient goes back to where its number came from"
_SAME = "dy in the shape of x"
_MADE = "what comes back is spread over the numbers that made each output ..."

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # one number in, one number out
        "Identity": _each(_PASSES, "dy"),
        "Cast": _each("passed on, in the type it came in", "dy"),
        "Neg": _each("passed on with its sign turned", "-dy"),
        "Relu": _each("passed on where the input was positive", "dy * (x > 0)"),
        "Relu6": _each("passed on between 0 and 6", "dy * (x > 0) * (x < 6)"),
        "LeakyRelu": _each("where negative, a little of it", "dy * where(x > 0, 1, alpha)"),
        "Elu": _each("where negative, times e^x", "dy * where(x > 0, 1, y + 1)"),
        "Selu": _each(
            "scaled; where negative, times e^x too",
            "dy * where(x > 0, 1.0507009873554805, y + 1.7580993408473766)",
        ),
        "Sigmoid": _each("times the slope of the sigmoid", "dy * y * (1 - y)"),
        "Tanh": _each("times the slope of tanh", "dy * (1 - y**2)"),
        "Softplus": _each("times the sigmoid of the input", "dy / (1 + exp(-x))"),
        "Softsign": _each("times the slope of softsign", "dy / (1 + abs(x))**2"),
        "Exp": _each("times the output itself", "dy * y"),
        "Expm1": _each("times e^x", "dy * (y + 1)"),
        "Log": _each("divided by the input", "dy / x"),
        "Log1p": _each("divided by 1 + x", "dy / (1 + x)"),
        "Sqrt": _each("divided by twice the root", "dy / (2 * y)"),
        "Rsqrt": _each("times the slope of 1/sqrt(x)", "-dy * y**3 / 2"),
        "Reciprocal": _each("times the slope of 1/x", "-dy * y**2"),
        "Square": _each("times twice the input", "dy * 2 * x"),
        "Abs": _each("with the sign of the input", "dy * sign(x)"),
        "Erf": _each("times the bell curve", "dy * 1.1283791670955126 * exp(-x**2)"),
        "Erfc": _each("times minus the bell curve", "-dy * 1.1283791670955126 * exp(-x**2)"),
        "Sin": _each("times the cosine", "dy * cos(x)"),
        "Sinh": _each("times the hyperbolic cosine", "dy * cosh(x)"),
        "Cosh": _each("times the hyperbolic sine", "dy * sinh(x)"),
        "Cos": _each("times minus the sine", "-dy * sin(x)"),
        # two numbers in; the smaller shape gets the sum over the places it was used at
        "AddV2": _each("both sides get it unchanged", "dy", "dy"),
        "Add": _each("both sides get it unchanged", "dy", "dy"),
        "AddN": _each("all of them get it unchanged", "dy"),
        "Sub": _each("unchanged, and with its sign turned", "dy", "-dy"),
        "Mul": _each("each side times the other", "dy * b", "dy * a"),
        "RealDiv": _each("over b, and minus the quotient over b", "dy / b", "-dy * a / b**2"),
        "DivNoNan": _each(
            "as division, and 0 where b is 0",
            "dy * where(b == 0, 0, 1 / where(b == 0, 1, b))",
            "-dy * where(b == 0, 0, a / where(b == 0, 1, b)**2)",
        ),
        "Maximum": _each("to the larger; on a tie to a", "dy * (a >= b)", "dy * (a < b)"),
        "Minimum": _each("to the smaller; on a tie to a", "dy * (a <= b)", "dy * (a > b)"),
        "Pow": _each(
            "the power rule",
            "dy * b * a**(b - 1)",
            "dy * y * log(where(a > 0, a, 1))",
        ),
        "SquaredDifference": _each(
            "times twice the difference", "dy * 2 * (a - b)", "-dy * 2 * (a - b)"
        ),
        "SelectV2": _each("to the side that was chosen", "", "dy * (a != 0)", "dy * (a == 0)"),
        "Select": _each("to the side that was chosen", "", "dy * (a != 0)", "dy * (a == 0)"),
        # sums, means and what changes shapes only
        "Sum": Rule("every summand gets the whole of it", ("spread(dy)",)),
        "Mean": Rule("shared out equally", ("spread(dy) / count",)),
        "Max": Rule("to the largest; shared where several are", ("spread(dy) at the maximum ...",)),
        "Min": Rule(
            "to the smallest; shared where several are", ("spread(dy) at the minimum ...",)
        ),
        "Prod": Rule("times the product of all others", ("spread(dy * y) / a",)),
        "L2Loss": Rule("times the number itself", ("dy * x",)),
        "Reshape": Rule(_PASSES + ", in the input's shape", ("reshaped(dy)",)),
        "Squeeze": Rule(_PASSES + ", in the input's shape", ("reshaped(dy)",)),
        "ExpandDims": Rule(_PASSES + ", in the input's shape", ("reshaped(dy)",)),
        "Transpose": Rule("axes turned back", ("transpose(dy), turned back ...",)),
        "BroadcastTo": Rule("summed over the copies", ("sum of dy over the copies ...",)),
        "Tile": Rule("summed over the copies", ("sum of dy over the copies ...",)),
        "ConcatV2": Rule("each part gets its own piece", ("its piece of dy ...",)),
        "Pack": Rule("each part gets its own piece", ("its piece of dy ...",)),
        "Unpack": Rule("put together again", ("stack of all dy ...",)),
        "Split": Rule("put together again", ("", "concatenation of all dy ...")),
        "SplitV": Rule("put together again", ("concatenation of all dy ...",)),
        "Pad": Rule("what lies within the frame", ("dy without the frame ...",)),
        "PadV2": Rule("what lies within the frame", ("dy without the frame ...",)),
        "MirrorPad": Rule(
            "within the frame, plus what was mirrored into it", ("dy folded back ...",)
        ),
        "StridedSlice": Rule(_MOVED + ", the rest gets 0", ("dy in its place, else 0 ...",)),
        "Slice": Rule(_MOVED + ", the rest gets 0", ("dy in its place, else 0 ...",)),
        "GatherV2": Rule("added up in the rows that were looked up", ("dy added to its row ...",)),
        "ResourceGather": Rule("added up in the rows looked up", ("dy added to its row ...",)),
        "GatherNd": Rule("added up where it was looked up", ("dy added in its place ...",)),
        "ReverseV2": Rule("turned back", ("dy, reversed ...",)),
        "SpaceToBatchND": Rule(_MOVED, ("batch_to_space(dy) ...",)),
        "BatchToSpaceND": Rule(_MOVED, ("space_to_batch(dy) ...",)),
        "DepthToSpace": Rule(_MOVED, ("space_to_depth(dy) ...",)),
        "SpaceToDepth": Rule(_MOVED, ("depth_to_space(dy) ...",)),
        # layers
        "MatMul": Rule("times the other, turned", ("dy @ b.T ...", "a.T @ dy ...")),
        "BatchMatMulV2": Rule("times the other, turned", ("dy @ b.T ...", "a.T @ dy ...")),
        "BatchMatMulV3": Rule("times the other, turned", ("dy @ b.T ...", "a.T @ dy ...")),
        "Einsum": Rule(
            "the same sum with dy in the place of the input",
            ("einsum(dy, b) ...", "einsum(a, dy) ..."),
        ),
        "BiasAdd": Rule(
            "x gets it unchanged; the bias its sum over all places",
            ("dy", "sum of dy over all but the channels ..."),
        ),
        "Conv2D": Rule(
            "x: dy spread by the turned kernel; the kernel: each tap with what it saw",
            ("conv_transpose(dy, kernel) ...", "sum over places of x * dy ..."),
        ),
        "Conv3D": Rule(
            "x: dy spread by the turned kernel; the kernel: each tap with what it saw",
            ("conv_transpose(dy, kernel) ...", "sum over places of x * dy ..."),
        ),
        "DepthwiseConv2dNative": Rule(
            "as a convolution, each channel by itself",
            ("conv_transpose(dy, kernel) ...", "sum over places of x * dy ..."),
        ),
        "Conv2DBackpropInput": Rule(
            "a transposed convolution goes back as a convolution",
            ("", "sum over places of dy * x ...", "conv(dy, kernel) ..."),
        ),
        "MaxPool": Rule("to the largest of each window", ("dy at the largest, else 0 ...",)),
        "AvgPool": Rule("shared equally in each window", ("dy / (size of the window) ...",)),
        "FusedBatchNormV3": Rule(
            "through mean and variance too, which depend on x",
            (_MADE, "sum of dy * normalised x ...", "sum of dy ..."),
        ),
        "ResizeBilinear": Rule("shared by nearness", ("weights of the four neighbours * dy ...",)),
        "ResizeNearestNeighbor": Rule("summed over the copies", ("sum of dy over copies ...",)),
        "Cumsum": Rule("added up from the other end", ("cumulative sum of dy, from the end ...",)),
        # probabilities and losses
        "Softmax": Rule(
            "how much better than the average under the probabilities",
            ("y * (dy - total(dy * y))",),
        ),
        "LogSoftmax": Rule("less its share of the whole", ("dy - exp(y) * total(dy)",)),
        "SoftmaxCrossEntropyWithLogits": Rule(
            "probabilities less labels",
            ("dy[..., None] * (softmax(a) - b)", "-dy[..., None] * log(softmax(a))"),
        ),
        "SparseSoftmaxCrossEntropyWithLogits": Rule(
            "probabilities less 1 at the label", ("dy[..., None] * (softmax(a) - one_hot(b))",)
        ),
    }
)

NESTED: Mapping[str, str] = MappingProxyType(
    {
        "While": "a loop: its steps are gone through backwards; shown as one",
        "StatelessWhile": "a loop: its steps are gone through backwards; shown as one",
        "If": "a branch: back through the side that was taken; shown as one",
        "StatelessIf": "a branch: back through the side that was taken; shown as one",
        "PartitionedCall": "a function of its own: back through its ops; shown as one",
        "StatefulPartitionedCall": "a function of its own: back through its ops; shown as one",
        "TensorListStack": "each entry of the list gets its piece",
        "TensorListFromTensor": "the entries of the list put together again",
    }
)
CUSTOM = "its author's own rule (tf.custom_gradient), which stands in place of the derivative"
UNKNOWN = "TensorFlow's vector-Jacobian product of this op; no formula in the table"
_LETTERS = ("a", "b", "c", "d")


def rule_of(kind: str, attributes: Mapping[str, Any]) -> tuple[str, Rule | None]:
    """The rule of a type of op, in words, and as formulas where the table has them.

    Args:
        kind: The op's type.
        attributes: The op's, of which only the name of a custom gradient counts.
    """
    if kind == "IdentityN" and "_gradient_op_type" in attributes:
        return CUSTOM, None
    if kind in RULES:
        return RULES[kind].words, RULES[kind]
    return NESTED.get(kind, UNKNOWN), None


def letters(count: int) -> tuple[str, ...]:
    """What the inputs of an op are called in formulas.

    >>> letters(1), letters(2)
    (('x',), ('a', 'b'))
    """
    return ("x",) if count == 1 else _LETTERS[: max(2, count)]


def formula(rule: Rule, index: int) -> str:
    """The formula for an input; '' where it gets no gradient.

    Args:
        rule: The op's.
        index: Which input; of many alike (a sum, a concatenation) all have the last formula.
    """
    return rule.forms[min(index, len(rule.forms) - 1)]


def pretty(form: str) -> str:
    """A formula as people write it.

    >>> pretty("dy * (1 - y**2)")
    'dy · (1 − y²)'
    """
    text = form.removesuffix("...").strip().replace("[..., None]", "")
    text = text.replace("**2", "²").replace("**3", "³").replace(" * ", " · ").replace(" - ", " − ")
    return text.replace(">=", "≥").replace("<=", "≤").replace("!=", "≠").replace(" == ", " = ")


def evaluate(
    form: str, known: Mapping[str, np.ndarray], like: tuple[int, ...]
) -> np.ndarray | None:
    """A formula's value, as the gradient of an input of a shape; None where it is for people only.

    Args:
        form: From the table.
        known: `dy`, `y`, the inputs by their letters, and numbers such as `alpha`; float64.
        like: The shape of the input.
    """
    if not form or form.endswith("..."):
        return None
    names = {**_FUNCTIONS, **known, "reshaped": lambda v: np.reshape(v, like)}
    names["spread"] = lambda v: _spread(v, like, known["b"])
    names["one_hot"] = lambda v: np.eye(like[-1])[np.asarray(v, np.int64)]
    names["count"] = math.prod(like) / max(1, np.size(known["dy"]))
    with np.errstate(all="ignore"):
        # Only formulas of the table above come here.
        value = eval(form, {"__builtins__": {}}, names)
    return unbroadcast(np.asarray(value, np.float64), like)


def put_in(form: str, numbers: Mapping[str, float]) -> str:
    """A formula with numbers in place of its letters.

    >>> put_in("dy * y * (1 - y)", {"dy": 0.5, "y": 0.25})
    '0.5 · 0.25 · (1 − 0.25)'
    """

    def number(match: re.Match[str]) -> str:
        word = match.group(0)
        if word not in numbers:
            return word
        text = f"{numbers[word]:.4g}"
        return f"({text})" if text.startswith("-") else text

    text = pretty(re.sub(r"[A-Za-z_]\w*", number, form))
    return text[1:-1] if re.fullmatch(r"\([^()]*\)", text) else text


def unbroadcast(value: np.ndarray, like: tuple[int, ...]) -> np.ndarray:
    """Sum over the places at which a smaller array was used."""
    if value.shape == tuple(like):
        return value
    if value.size == 1 and math.prod(like) == 1:
        return value.reshape(like)
    value = np.broadcast_to(value, np.broadcast_shapes(value.shape, like))
    value = value.sum(axis=tuple(range(value.ndim - len(like))))
    axes = tuple(i for i, n in enumerate(like) if n == 1 and value.shape[i] != 1)
    return value.sum(axis=axes, keepdims=True)


def _spread(value: np.ndarray, like: tuple[int, ...], axes: np.ndarray) -> np.ndarray:
    """What a sum or mean over some axes made, brought back to all of them."""
    gone = {int(axis) % max(1, len(like)) for axis in np.ravel(axes)}
    shape = [1 if i in gone else size for i, size in enumerate(like)]
    return np.broadcast_to(np.reshape(value, shape), like)


def _softmax(value: np.ndarray) -> np.ndarray:
    powers = np.exp(value - value.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


_FUNCTIONS: dict[str, Any] = {
    "where": np.where, "exp": np.exp, "log": np.log, "abs": np.abs, "sign": np.sign,
    "cos": np.cos, "sin": np.sin, "cosh": np.cosh, "sinh": np.sinh, "softmax": _softmax,
    "total": lambda v: v.sum(axis=-1, keepdims=True),
}  # fmt: skip
