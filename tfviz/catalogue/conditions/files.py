"""Conditions on files and folders."""

from __future__ import annotations

import re

from tfviz.catalogue.conditions.registry import predicate
from tfviz.catalogue.report import ErrorBlock, Report


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
