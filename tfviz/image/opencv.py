"""The one place that imports OpenCV."""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

from tfviz.errors import MissingError


@functools.cache
def cv2() -> ModuleType:
    """OpenCV's module, imported on first use.

    Raises:
        MissingError: If it isn't installed, or if a system library it needs is absent.
    """
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise MissingError(
            f"OpenCV can't be imported ({error}): run `pip install opencv-python`, or, on a Linux "
            "server or in a container without libGL, `pip uninstall opencv-python` and then "
            "`pip install opencv-python-headless`."
        ) from error
