"""Numbers for a net as they are given, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tfviz.errors import InputError
from tfviz.learn.given import whole

MOST_STEPS = 1_000_000


def checked(
    numbers: Sequence[float],
    count: int,
    what: str,
    *,
    within: tuple[float, float] | None = None,
) -> tuple[float, ...]:
    """So many finite numbers.

    Raises:
        InputError: If there are more or fewer, or one is no finite number or out of range.
    """
    try:
        found = tuple(float(each) for each in numbers)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be {count} numbers; this is {numbers!r}.") from error
    if len(found) != count:
        raise InputError(
            f"{what} must be {count} numbers, and {len(found)} came: "
            f"{', '.join(f'{each:g}' for each in found[:8]) or 'none'}."
        )
    for each in found:
        if not math.isfinite(each):
            raise InputError(f"{what} must be finite numbers, and one is {each}.")
        if within and not within[0] <= each <= within[1]:
            raise InputError(
                f"{what} are compared with outputs of a sigmoid and must be from {within[0]:g} to "
                f"{within[1]:g}; {each:g} can't be reached."
            )
    return found


def one_number(number: float, what: str) -> float:
    """A finite number.

    Raises:
        InputError: If it is none.
    """
    try:
        found = float(number)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be a number; this is {number!r}.") from error
    if not math.isfinite(found):
        raise InputError(f"{what} must be a finite number, and it is {found}.")
    return found


def counted(number: int, what: str) -> int:
    """A whole number from 1 to a million.

    Raises:
        InputError: If it is none.
    """
    number = whole(number, what)
    if not 1 <= number <= MOST_STEPS:
        raise InputError(f"{what} must be a whole number from 1 to {MOST_STEPS}, not {number}.")
    return int(number)


def spread(last: int) -> list[int]:
    """Steps up to the last one, at equal distances on a scale of powers of ten."""
    count = 160
    return sorted({max(1, round(last ** (each / count))) for each in range(count + 1)} | {last})
