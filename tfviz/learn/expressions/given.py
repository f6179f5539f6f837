"""Values as they are typed: `a=2`, `a=1/3`, `0.05,0.10`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tfviz.errors import InputError
from tfviz.learn.expressions.place import fault
from tfviz.learn.expressions.rules import RULES, undefined
from tfviz.learn.expressions.syntax import FUNCTIONS, Tree, parse


def read_values(texts: Sequence[str]) -> dict[str, float]:
    """Names with their numbers.

    Args:
        texts: Such as "a=2", "b=-1e-3" or "c=1/3".

    Raises:
        InputError: If one of them is no such thing, or a name comes twice.

    >>> read_values(["a=2", "b=1/4"])
    {'a': 2.0, 'b': 0.25}
    """
    values: dict[str, float] = {}
    for text in texts:
        name, equals, number = (each.strip() for each in text.partition("="))
        if not equals or not name.isidentifier():
            raise InputError(
                f"'{text}' is no value: write a name, '=' and a number without blanks, as in a=2; "
                "the expression itself comes first and between quotation marks."
            )
        if name in FUNCTIONS:
            raise InputError(f"'{name}' is a function here and can't have a value: '{text}'.")
        if name in values:
            raise InputError(f"'{name}' has two values, the second by '{text}'; leave one out.")
        if not number:
            raise InputError(f"'{text}' lacks its number: {name}=2.")
        values[name] = read_number(number, f"{name}=")
    return values


def read_list(text: str, what: str) -> list[float]:
    """Numbers with commas between.

    Args:
        text: Such as "0.05, 0.10".
        what: What they are, for the message.

    Raises:
        InputError: If one of them is no number.
    """
    parts = [each.strip() for each in text.split(",")]
    if "" in parts:
        raise InputError(f"{what} '{text}' lacks a number: write them as 0.05,0.10.")
    return [read_number(each, f"{what}: ") for each in parts]


def read_number(text: str, before: str = "") -> float:
    """A number, or a formula of numbers.

    Args:
        text: Such as "-1e-3" or "2/3".
        before: What stood before it, for the message.

    Raises:
        InputError: If it is neither.
    """
    statements = parse(text)
    if len(statements) != 1 or statements[0].name:
        raise InputError(f"'{before}{text}' is no number; write one, such as 2 or 1/3.")
    return _worked_out(statements[0].tree, text)


def _worked_out(tree: Tree, text: str) -> float:
    if tree.op == "name":
        raise fault(text, tree.start, tree.end, f"'{tree.text}' is no number; write one here.")
    if tree.op == "number":
        return tree.value
    parts = [_worked_out(each, text) for each in tree.parts]
    a, b = parts[0], parts[1] if len(parts) > 1 else 0.0
    try:
        value = RULES[tree.op].forward(a, b)
    except (ValueError, ArithmeticError):
        value = math.nan
    if not math.isfinite(value):
        raise fault(text, tree.start, tree.end, undefined(tree.op, a, b))
    return value
