"""The code that called us: where a note points to, and the globs in it that find nothing."""

from __future__ import annotations

import glob
import itertools
import linecache
import os
import re
import sys
from pathlib import Path
from types import FrameType

from tfviz.errors import InputError
from tfviz.files.kinds import IMAGE_SUFFIXES
from tfviz.files.listing import image_files

_LINES_ABOVE = 200
_GLOB = re.compile(
    r"""(?:Path\(\s*r?(?P<q1>['"])(?P<folder>[^'"{}]*)(?P=q1)\s*\)\.)?"""
    r"""\b(?P<call>r?i?glob)\(\s*r?(?P<q2>['"])(?P<pattern>[^'"{}]+)(?P=q2)"""
)


def globs_without_hits(frame: FrameType | None) -> list[str]:
    """The globs with literal patterns, in the caller's code up to here, that find nothing now."""
    if frame is None:
        return []
    code, last = frame.f_code, frame.f_lineno
    first = max(code.co_firstlineno, last - _LINES_ABOVE, 1)
    lines = [linecache.getline(code.co_filename, n) for n in range(first, last + 1)]
    found = []
    for number, line in enumerate(lines, first):
        for hit in _GLOB.finditer(line):
            pattern = os.path.join(hit["folder"] or "", hit["pattern"])
            recursive = "**" in pattern
            if not any(True for _ in glob.iglob(pattern, recursive=recursive)):
                folder, name = split_glob(pattern)
                why = what_is_wrong(folder, name)
                found.append(f"Line {number}: the glob {pattern!r} finds nothing. {why}")
    return list(dict.fromkeys(found))


def caller() -> FrameType | None:
    """The frame of whoever called tfviz, TensorFlow's tracing left out."""
    here = os.path.dirname(os.path.dirname(__file__)) + os.sep
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(here) and f"{os.sep}tensorflow{os.sep}" not in name:
            return frame
        frame = frame.f_back
    return None


def stack_level(frame: FrameType | None) -> int:
    """What `warnings.warn` needs so that a note points at the caller's line."""
    level, each = 1, sys._getframe(1)
    while each is not None and each is not frame and each.f_back is not None:
        level, each = level + 1, each.f_back
    return level


def what_is_wrong(folder: str, pattern: str) -> str:
    """Why a folder and pattern give nothing, as a sentence."""
    suffix = os.path.splitext(pattern)[1].lower()
    if suffix.isascii() and suffix[1:].isalnum() and suffix not in IMAGE_SUFFIXES:
        # Not about images: only the folder can be judged.
        if os.path.isdir(folder):
            return f"The folder '{folder}' is there, but no name in it fits {pattern!r}."
        pattern = "*"
    try:
        count = len(image_files(folder, pattern))
    except InputError as error:
        text = str(error)
        return text[0].upper() + text[1:]
    return f"tfviz.image_files({folder!r}, {pattern!r}) finds {count}: upper and lower case differ."


def split_glob(pattern: str) -> tuple[str, str]:
    """The folder before the first wildcard, and the pattern within it."""
    parts = Path(pattern).parts
    fixed = list(itertools.takewhile(lambda each: not glob.has_magic(each), parts[:-1]))
    return str(Path(*fixed)) if fixed else ".", "/".join(parts[len(fixed) :])
