"""Programs that fail, run from a file of their own as a user's would be."""

from __future__ import annotations

import runpy
import textwrap
from pathlib import Path


def failing(code: str, folder: Path, name: str = "script.py") -> BaseException:
    """The error that a program ends with.

    Args:
        code: Its text; the common indent is taken off.
        folder: Where its file is written.
        name: What the file is called.
    """
    path = folder / name
    path.write_text(textwrap.dedent(code).lstrip("\n"), encoding="utf-8")
    try:
        runpy.run_path(str(path), run_name="__main__")
    except BaseException as error:
        return error
    raise AssertionError("the program ran through")
