"""From a text to a report."""

from __future__ import annotations

from typing import BinaryIO

from tfviz.catalogue.report import Line, Report
from tfviz.doctor.cleaning import clean, clean_stream
from tfviz.doctor.noise import without_noise
from tfviz.doctor.tracebacks import parse


def read_text(text: str | bytes) -> Report:
    """Read a text of any kind: a traceback, a log, a last line, junk."""
    return _report(clean(text))


def read_stream(stream: BinaryIO) -> Report:
    """Read a file or pipe line by line."""
    return _report(clean_stream(stream))


def _report(lines: list[Line]) -> Report:
    kept, noise = without_noise(lines)
    errors, loose, cut = parse(kept)
    return Report(tuple(kept), tuple(errors), noise, cut, tuple(loose))
