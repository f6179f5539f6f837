"""Whether an input can be opened, from its header alone, and its pixels: no TensorFlow needed."""

from __future__ import annotations

import numpy as np

from tfviz.errors import InputError, TfvizError
from tfviz.files import Source
from tfviz.image import check_header, read_rgb, sample_path
from tfviz.image.reading import MAX_PIXELS


def why_not(
    source: Source, max_pixels: int = MAX_PIXELS, *, allow_truncated: bool = False
) -> str | None:
    """Why a source can't be explained, None when it looks like an image.

    Args:
        source: From `tfviz.files.find_images`.
        max_pixels: Larger images are refused.
        allow_truncated: Take one that is cut off too.
    """
    return why_not_or_size(source, max_pixels, allow_truncated=allow_truncated)[0]


def why_not_or_size(
    source: Source, max_pixels: int = MAX_PIXELS, *, allow_truncated: bool = False
) -> tuple[str | None, tuple[int, int] | None]:
    """Why a source can't be explained, or its (height, width); from the file's header."""
    if source.reason is not None:
        return source.reason, None
    try:
        path = source.path if source.sample is None else sample_path(source.sample)
        assert path is not None  # a source is a file, a sample, or has a reason
        size = check_header(path, max_pixels=max_pixels, allow_truncated=allow_truncated)
        return None, size
    except TfvizError as error:
        return str(error), None


def read_source(
    source: Source,
    *,
    max_pixels: int = MAX_PIXELS,
    allow_truncated: bool = False,
    notes: list[str] | None = None,
) -> np.ndarray:
    """The photo behind a source, uint8 RGB.

    Args:
        source: From `tfviz.files.find_images`.
        max_pixels: Larger images are refused.
        allow_truncated: Take what is there of an image that is cut off.
        notes: Gets a clause for each thing about the image that its viewer should know.

    Raises:
        InputError: When it can't be read, with the reason.
    """
    if source.reason is not None:
        raise InputError(source.reason)
    path = source.path if source.sample is None else sample_path(source.sample)
    assert path is not None
    return read_rgb(path, max_pixels=max_pixels, allow_truncated=allow_truncated, notes=notes)
