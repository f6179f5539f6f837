"""What a user gives, checked for its type before anything is done with it."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tfviz.errors import InputError


def names_of(given: Any, what: str, example: str) -> list[str]:
    """A name or several, as a list.

    Args:
        given: Text, or an iterable of it.
        what: The argument's name, for the message.
        example: A name that would be right.

    Raises:
        InputError: When it is neither.
    """
    if isinstance(given, str):
        return [given]
    found = list(given) if isinstance(given, Iterable) else [None]
    named = [each for each in found if isinstance(each, str)]
    if len(named) < len(found):
        raise InputError(f"{what} {given!r}: give names as text, such as ['{example}'].")
    return named


def number(given: Any, what: str) -> Any:
    """A number as it is; whether it makes sense is its taker's to say.

    Raises:
        InputError: When it is none.
    """
    if not isinstance(given, numbers.Real) or isinstance(given, bool):
        raise InputError(f"{what} {given!r} is no number: give one, such as 1.")
    return given


def whole(given: Any, what: str) -> int:
    """A whole number.

    Raises:
        InputError: When it is none.
    """
    if (
        isinstance(given, bool)
        or not isinstance(given, numbers.Real)
        or not math.isfinite(given)
        or not float(given).is_integer()
    ):
        raise InputError(f"{what} {given!r} must be a whole number, such as 1.")
    return int(float(given))


def two_numbers(given: Any, what: str) -> tuple[Any, Any]:
    """Two numbers.

    Raises:
        InputError: When it is anything else.
    """
    if not isinstance(given, (tuple, list, np.ndarray)) or len(given) != 2:
        raise InputError(f"{what} {given!r} must be two numbers, such as (1, 2).")
    return number(given[0], what), number(given[1], what)


def photo(given: Any, what: str = "image") -> Any:
    """A path or an array, as it is.

    Raises:
        InputError: When it is neither.
    """
    if not isinstance(given, (str, os.PathLike, np.ndarray)):
        raise InputError(
            f"{what} {given!r} is no photo: give a path, or uint8 of shape (height, width, 3)."
        )
    return given if isinstance(given, np.ndarray) else Path(given)
