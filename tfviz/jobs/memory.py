"""Whether an error says that memory is short, whichever library it comes from."""

from __future__ import annotations

import tensorflow as tf

from tfviz.errors import ModelError
from tfviz.image.opencv import cv2

# `cv2.Error.StsNoMem`
_OPENCV_NO_MEMORY = -4


def short_of_memory(error: Exception) -> bool:
    """Whether less memory would have been enough, or more would help.

    Args:
        error: Of Python, NumPy, OpenCV or TensorFlow, or what an explainer made of one.
    """
    cause = error.__cause__ if isinstance(error, ModelError) else None
    found = cause or error
    if isinstance(found, cv2().error):
        return getattr(found, "code", None) == _OPENCV_NO_MEMORY
    return isinstance(found, (MemoryError, tf.errors.ResourceExhaustedError))
