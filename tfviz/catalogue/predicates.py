"""Conditions that no pattern can express, by name.

Each takes the report, the error block that a message matched (None for a log line), and the match.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tfviz.catalogue.report import ErrorBlock, Report

Predicate = Callable[[Report, "ErrorBlock | None", "re.Match[str]"], bool]

PREDICATES: dict[str, Predicate] = {}


def predicate(function: Predicate) -> Predicate:
    """Make a condition known under its name."""
    PREDICATES[function.__name__] = function  # type: ignore[attr-defined]
    return function


def _numbers(text: str | None) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", text or "")]


@predicate
def sizes_differ(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """The groups 'a' and 'b' hold different numbers."""
    return _numbers(match["a"]) != _numbers(match["b"])


@predicate
def read_mode(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A missing file was to be read: nothing in the user's frames writes."""
    return not _writes(block)


@predicate
def write_mode(report: Report, block: ErrorBlock | None, match: re.Match[str]) -> bool:
    """A missing folder: the code in the frames was about to write."""
    return _writes(block)


_WRITING = re.compile(
    r"\.?savefig\(|\.to_csv\(|\.to_json\(|\.to_excel\(|\.save(?:_weights|_model|_img)?\(|imwrite\(|imsave\(|"
    r"torch\.save\(|np\.savez?\w*\(|pickle\.dump|json\.dump|open\([^)]*,\s*(?:mode\s*=\s*)?['\"][wax]|"
    r"\.write_text\(|\.write_bytes\(|mkstemp|FileHandler\(|h5py\.File\([^)]*['\"][wax]"
)


def _writes(block: ErrorBlock | None) -> bool:
    return block is not None and any(_WRITING.search(frame.code) for frame in block.frames)
