"""All clues; importing this makes them known. The first that settles a diagnosis has the word."""

from tfviz.doctor.live.clues import (  # isort: skip
    paths,
    pictures,
    gradients,
    contents,
    layers,
    labels,
    models,
    shapes,
    dtypes,
    names,
    nothing,
    hidden,
    keys,
    kinds,
    attributes,
)
from tfviz.doctor.live.clues.case import SAYING, SETTLING

__all__ = [
    "SAYING",
    "SETTLING",
    "attributes",
    "contents",
    "dtypes",
    "gradients",
    "hidden",
    "keys",
    "kinds",
    "labels",
    "layers",
    "models",
    "names",
    "nothing",
    "paths",
    "pictures",
    "shapes",
]
