"""What can be computed of values without running the user's code: sums, joined texts, items."""

from __future__ import annotations

import ast
import pathlib
from typing import Any

import numpy as np

from tfviz.doctor.live.safely import UnreadableError, is_a, is_kind


def number_of(value: Any) -> Any:
    """A plain number itself.

    Raises:
        UnreadableError: For all else.
    """
    if type(value) in (int, float):
        return value
    raise UnreadableError("no number")


def joined(left: Any, op: ast.operator, right: Any) -> Any:
    """Sums and differences of numbers, joined texts and paths."""
    if is_kind(left, pathlib.PurePath) and isinstance(op, ast.Div):
        if is_kind(right, str, pathlib.PurePath):
            return left / right
    elif is_kind(left, str) and is_kind(right, str) and isinstance(op, ast.Add):
        return left + right
    elif type(left) in (int, float) and type(right) in (int, float):
        match op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.FloorDiv() if right:
                return left // right
    raise UnreadableError("operation")


def item_of(value: Any, index: Any) -> Any:
    """An item of a plain container, or a view of an array."""
    if type(value) in (list, tuple, dict, str, range):
        try:
            return value[index]
        except (LookupError, TypeError) as error:
            raise UnreadableError("item") from error
    if is_a(value, "pandas", "DataFrame") and type(index) is str:
        try:
            return value[index]
        except KeyError as error:
            raise UnreadableError("item") from error
    basic = (int, slice, type(None), type(...))
    parts = index if type(index) is tuple else (index,)
    if type(value) is np.ndarray and all(is_kind(each, *basic) for each in parts):
        try:
            return value[index]
        except (IndexError, TypeError) as error:
            raise UnreadableError("item") from error
    raise UnreadableError("item")
