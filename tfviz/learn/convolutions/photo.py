"""Photos by the names that the command line gives them."""

from __future__ import annotations

import os
from pathlib import Path

from tfviz.errors import InputError, nearest
from tfviz.image.samples import sample_path


def photo_path(name: str | os.PathLike[str]) -> Path:
    """The file of a photo, or of a sample photo.

    Args:
        name: A path, or `sample:cat`.

    Raises:
        InputError: When there is no such file.
    """
    text = os.fspath(name)
    if text.startswith("sample:"):
        return sample_path(text)
    path = Path(text)
    if not path.exists():
        folder = path.parent
        near = (
            nearest(path.name, [each.name for each in folder.iterdir()]) if folder.is_dir() else ""
        )
        raise InputError(f"There is no image '{path}'.{near} A sample is sample:cat.")
    return path
