"""From a text to a report."""

from __future__ import annotations

import re
from typing import BinaryIO

from tfviz.catalogue.report import Line, Report
from tfviz.doctor.cleaning import clean, clean_stream
from tfviz.doctor.noise import without_noise
from tfviz.doctor.tracebacks import parse
from tfviz.errors import InputError

_COMPLAINS = re.compile(
    r"error|fail|warn|cannot|could not|exception|killed|abort|core dumped", re.I
)


LOOKED_AT = 4096
_SHARE = 0.1
_BEGINNINGS = {
    b"\xff\xd8\xff": "a JPEG picture", b"\x89PNG": "a PNG picture", b"GIF8": "a GIF picture",
    b"BM": "a BMP picture", b"%PDF-": "a PDF", b"\x89HDF\r\n": "an HDF5 file",
    b"PK\x03\x04": "a zip archive, as .keras and .npz files are", b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "an array of NumPy", b"\x80": "a pickle",
}  # fmt: skip


def must_be_text(name: str, first: bytes) -> None:
    """Refuse what holds no words to explain.

    Args:
        name: Of the file, for the error.
        first: Its first bytes, some thousand.

    Raises:
        InputError: When it is empty, or no text.
    """
    want = "Give the text of an error: a traceback, a log, or what a program printed."
    if not first.strip():
        raise InputError(f"There is no text in '{name}': the file is empty. {want}")
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return  # UTF-16, as Windows' PowerShell writes what is redirected
    odd = sum(byte < 32 and byte not in b"\t\n\r\b\f\x1b" for byte in first)
    if odd <= _SHARE * len(first):
        return
    kind = next((what for start, what in _BEGINNINGS.items() if first.startswith(start)), "")
    said = f"is {kind}, and no text" if kind else "holds bytes that are no text"
    raise InputError(f"'{name}' {said}. {want}")


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
