"""Which Python a script runs in: `tfviz` has its own, and the shell may mean another."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Folders of small scripts that look for a Python: which one can't be told from their name.
_LOOKING = ("shims", "WindowsApps")


def other_python(own: str, path: str | None = None) -> list[str]:
    """Tell that `python` in this shell is of another environment than the one that ran.

    Args:
        own: The interpreter that ran the script.
        path: Where programs are looked for; None for the PATH.

    Returns:
        One sentence, none where both are the same or nothing else is there.
    """
    named = shutil.which("python", path=path) or shutil.which("python3", path=path)
    if not named or not own or _is_same(Path(named), Path(own)):
        return []
    return [
        f"The script ran in the Python that tfviz is installed in, {own}. What this shell calls "
        f"`python` is another one, {named}: if the module is installed there, install tfviz there "
        f"as well, `{named} -m pip install tfviz`, and use that `tfviz`."
    ]


def _is_same(named: Path, own: Path) -> bool:
    if named.parent.name in _LOOKING:
        return True
    theirs, ours = _environment(named), _environment(own)
    try:
        if theirs is None and ours is None:
            return os.path.samefile(named, own)
        return theirs is not None and ours is not None and os.path.samefile(theirs, ours)
    except OSError:
        return True


def _environment(python: Path) -> Path | None:
    """The virtual environment that an interpreter lies in."""
    folder = python.parent.parent
    return folder if (folder / "pyvenv.cfg").exists() else None
