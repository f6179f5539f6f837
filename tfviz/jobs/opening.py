"""Whether an input can be opened, from its header alone: no model and no TensorFlow is needed."""

from __future__ import annotations

from tfviz.errors import TfvizError
from tfviz.files import Source
from tfviz.image import check_header, sample_path


def why_not(source: Source) -> str | None:
    """Why a source can't be explained, None when it looks like an image.

    Args:
        source: From `tfviz.files.find_images`.
    """
    if source.reason is not None:
        return source.reason
    try:
        path = source.path if source.sample is None else sample_path(source.sample)
        if path is not None:
            check_header(path)
    except TfvizError as error:
        return str(error)
    return None
