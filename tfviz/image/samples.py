"""Photos that are on every machine tfviz is installed on: those inside scikit-image."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tfviz.errors import InputError, MissingError, nearest

SAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "astronaut": "astronaut.png",
        "cameraman": "camera.png",
        "cat": "chelsea.png",
        "coffee": "coffee.png",
        "motorcycle": "motorcycle_left.png",
        "retina": "retina.jpg",
        "rocket": "rocket.jpg",
    }
)
"""Sample name to file name. Only photographs of a thing a classifier could name, and one from
medicine; all lie in the scikit-image wheel since 0.24, so nothing is downloaded."""


def sample_path(name: str) -> Path:
    """The file of a sample photo.

    Args:
        name: A key of `SAMPLES`, with or without `sample:` in front.

    Returns:
        An existing file.

    Raises:
        InputError: If there is no such sample.
        MissingError: If scikit-image, or this file of it, isn't installed.

    >>> sample_path("sample:cat").name
    'chelsea.png'
    """
    short = name.removeprefix("sample:")
    if short not in SAMPLES:
        raise InputError(
            f"there is no sample '{short}': the samples are {', '.join(SAMPLES)}."
            f"{nearest(short, SAMPLES)}"
        )
    path = _folder() / SAMPLES[short]
    if not path.is_file():
        raise MissingError(
            f"the sample '{short}' is missing: this scikit-image has no file '{path}'; "
            "run `pip install --force-reinstall scikit-image`."
        )
    return path


@functools.cache
def _folder() -> Path:
    """Where scikit-image keeps its pictures, found without the second its import takes."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        raise MissingError(
            "the sample photos come with scikit-image, which isn't installed: "
            "run `pip install scikit-image`."
        )
    return Path(spec.origin).parent / "data"
