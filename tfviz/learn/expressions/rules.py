"""The operations: what each computes, its local rule, where that rule has a kink or an end.

Local rules are templates in which `{a}` and `{b}` stand for what goes in and `{y}` for what comes
out: filled with names they are the symbols, filled with numbers they are what was put in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

Local = Callable[[float, float, float], float]


@dataclass(frozen=True)
class Rule:
    """An operation of one or two arguments; of one, `b` is 0 and not used.

    Attributes:
        sign: What stands in its box.
        written: How it is computed, as a template.
        forward: a, b -> y; raises ValueError or ArithmeticError, or gives no finite number,
            where there is none.
        local: For each argument: a, b, y -> the derivative of y with respect to it.
        symbols: The same as templates.
        words: The rule in words.
    """

    sign: str
    written: str
    forward: Callable[[float, float], float]
    local: tuple[Local, ...]
    symbols: tuple[str, ...]
    words: str


def _sigmoid(x: float) -> float:
    # Each branch has an exponent that isn't positive, and so can't overflow.
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _power(a: float, b: float) -> float:
    y = a**b
    if isinstance(y, complex):
        raise ValueError("a negative number has no real power that isn't whole")
    return y


def _power_by_base(a: float, b: float, y: float) -> float:
    if b == 0:
        # a**0 is 1 everywhere, also at 0.
        return 0.0
    try:
        return b * _power(a, b - 1)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf


def _power_by_exponent(a: float, b: float, y: float) -> float:
    # As TensorFlow has it: 0 where the logarithm of the base doesn't exist.
    return y * math.log(a) if a > 0 else 0.0


RULES = {
    "add": Rule(
        "+",
        "{a} + {b}",
        lambda a, b: a + b,
        (lambda a, b, y: 1.0, lambda a, b, y: 1.0),
        ("1", "1"),
        "a sum hands its gradient on unchanged, to both",
    ),
    "sub": Rule(
        "-",
        "{a} - {b}",
        lambda a, b: a - b,
        (lambda a, b, y: 1.0, lambda a, b, y: -1.0),
        ("1", "-1"),
        "a difference hands its gradient on, to what is taken away with a minus",
    ),
    "mul": Rule(
        "*",
        "{a} * {b}",
        lambda a, b: a * b,
        (lambda a, b, y: b, lambda a, b, y: a),
        ("{b}", "{a}"),
        "a product hands its gradient to each factor times the other factor",
    ),
    "div": Rule(
        "/",
        "{a} / {b}",
        lambda a, b: a / b,
        # -a / b**2 would lose a tiny b in its square.
        (lambda a, b, y: 1 / b, lambda a, b, y: -y / b),
        ("1 / {b}", "-{a} / {b}**2"),
        "a fraction a/b hands on 1/b to what is above the line, -a/b**2 to what is below",
    ),
    "pow": Rule(
        "**",
        "{a}**{b}",
        _power,
        (_power_by_base, _power_by_exponent),
        ("{b} * {a}**({b} - 1)", "{y} * log({a})"),
        "a power a**p hands p * a**(p - 1) to its base, a**p * log(a) to its exponent",
    ),
    "neg": Rule(
        "-",
        "-{a}",
        lambda a, b: -a,
        (lambda a, b, y: -1.0,),
        ("-1",),
        "a minus turns the gradient around",
    ),
    "exp": Rule(
        "exp",
        "exp({a})",
        lambda a, b: math.exp(a),
        (lambda a, b, y: y,),
        ("{y}",),
        "the derivative of exp is its own value",
    ),
    "log": Rule(
        "log",
        "log({a})",
        lambda a, b: math.log(a),
        (lambda a, b, y: 1 / a,),
        ("1 / {a}",),
        "the derivative of log(x) is 1/x",
    ),
    "sigmoid": Rule(
        "sigmoid",
        "sigmoid({a})",
        lambda a, b: _sigmoid(a),
        # 1 - y would be 0 long before the slope is.
        (lambda a, b, y: y * _sigmoid(-a),),
        ("{y} * (1 - {y})",),
        "the derivative of a sigmoid y is y * (1 - y)",
    ),
    "tanh": Rule(
        "tanh",
        "tanh({a})",
        lambda a, b: math.tanh(a),
        (lambda a, b, y: (1 - y) * (1 + y),),
        ("1 - {y}**2",),
        "the derivative of a tanh y is 1 - y**2",
    ),
    "relu": Rule(
        "relu",
        "relu({a})",
        lambda a, b: max(a, 0.0),
        (lambda a, b, y: 1.0 if a > 0 else 0.0,),
        ("[{a} > 0]",),
        "relu lets the gradient pass where what goes in is above 0, and stops it elsewhere",
    ),
    "max": Rule(
        "max",
        "max({a}, {b})",
        lambda a, b: max(a, b),
        (lambda a, b, y: 1.0 if a >= b else 0.0, lambda a, b, y: 0.0 if a >= b else 1.0),
        ("[{a} >= {b}]", "[{b} > {a}]"),
        "max hands the whole gradient to the larger one and nothing to the other",
    ),
}


def undefined(op: str, a: float, b: float) -> str:
    """Why an operation has no value here, and what to change, as a sentence."""
    if op == "log":
        return f"there is no log({short(a)}): a logarithm needs a number above 0."
    if op == "div" and b == 0:
        return f"there is no {short(a)} / 0: what is below the line must be other than 0."
    if op == "pow" and a == 0 and b < 0:
        return f"there is no 0**{_within(b)}: it divides by 0; take a base other than 0."
    if op == "pow" and a < 0 and b != math.floor(b):
        return (
            f"there is no real number {_within(a)}**{short(b)}: a negative base takes "
            "whole exponents only."
        )
    written = RULES[op].written.format(a=short(a), b=short(b))
    return f"the value of {written} is beyond the largest float64, 1.8e308; take smaller numbers."


def kink(op: str, a: float, b: float, same: bool, constant_exponent: bool) -> str:
    """What is to be known about the slope here, where there is no single one; '' elsewhere.

    Args:
        op: The operation.
        a: Its first argument.
        b: Its second one.
        same: Both arguments are one and the same node.
        constant_exponent: The second argument doesn't depend on any variable.
    """
    if op == "relu" and a == 0:
        return (
            "relu has a kink at 0: its slope is 0 on the left and 1 on the right, and TensorFlow "
            "takes 0."
        )
    if op == "max" and a == b and not same:
        return (
            f"max has a tie at {short(a)}: either one could be the larger, and TensorFlow hands "
            "the whole gradient to the first."
        )
    if op == "pow" and a == 0 and b == 0:
        return (
            "0**0 counts as 1, so the slope of a power of 0 is 0 here; TensorFlow's tape gives nan."
            if constant_exponent
            else "0**0 counts as 1, but 0**p is 0 for every p above 0: there is no slope here, and "
            "TensorFlow's tape gives nan to the base and 0 to the exponent."
        )
    if op == "pow" and a < 0 and not constant_exponent:
        return (
            f"{_within(a)}**p exists for whole p only, so the exponent has no slope here; "
            "TensorFlow takes 0."
        )
    return ""


def short(value: float) -> str:
    """A number in six digits, as a person would write it."""
    return f"{value + 0.0:.6g}"


def _within(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)


def filled(template: str, a: str, b: str = "", y: str = "") -> str:
    """A template with what stands for its letters; a minus gets parentheses where it needs them.

    >>> filled("{a} * {b}", "2", "-3")
    '2 * (-3)'
    >>> filled("exp({a})", "-3")
    'exp(-3)'
    """
    if not _ENCLOSED.fullmatch(template):
        a, b, y = (f"({each})" if each.startswith("-") else each for each in (a, b, y))
    return template.format(a=a, b=b, y=y)


# Alone, or between parentheses or brackets of its own.
_ENCLOSED = re.compile(r"\{[aby]\}|\w+\(\{a\}(, \{b\})?\)|\[.*\]")
