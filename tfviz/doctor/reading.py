"""From a text to a report."""

from __future__ import annotations

import re
from typing import BinaryIO

from tfviz.catalogue.report import Line, Report
from tfviz.doctor.cleaning import clean, clean_stream
from tfviz.doctor.noise import without_noise
from tfviz.doctor.tracebacks import parse

_COMPLAINS = re.compile(
    r"error|fail|warn|cannot|could not|exception|killed|abort|core dumped", re.I
)


def read_text(text: str | bytes) -> Report:
    """Read a text of any kind: a traceback, a log, a last line, junk."""
    return _report(clean(text))


def read_stream(stream: BinaryIO) -> Report:
    """Read a file or pipe line by line."""
    return _report(clean_stream(stream))


def _report(lines: list[Line]) -> Report:
    kept, noise = without_noise(lines)
    errors, loose, cut = parse(kept)
    if noise and not errors and not any(_COMPLAINS.search(line.text) for line in kept):
        # Nothing but noise was pasted: it is what is asked about.
        kept = loose = list(lines)
    return Report(tuple(kept), tuple(errors), noise, cut, tuple(loose))
