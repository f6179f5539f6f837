"""Conditions that no pattern can express, by name."""

from __future__ import annotations

import re
from collections.abc import Callable

from tfviz.catalogue.report import ErrorBlock, Report

# Takes the report, the error that a message matched (None for a line of a log), and the match.
Predicate = Callable[[Report, "ErrorBlock | None", "re.Match[str]"], bool]

PREDICATES: dict[str, Predicate] = {}


def predicate(function: Predicate) -> Predicate:
    """Make a condition known under its name."""
    PREDICATES[function.__name__] = function  # type: ignore[attr-defined]
    return function


def numbers(text: str | None) -> list[int]:
    """All whole numbers in a text.

    >>> numbers("(1, 64, 64)")
    [1, 64, 64]
    """
    return [int(each) for each in re.findall(r"\d+", text or "")]
