"""Image files to arrays and back, and where a photo's pixels lie in a model's input."""

from __future__ import annotations

from tfviz.image.geometry import MODES, Placement, place, to_input, to_photo
from tfviz.image.reading import check_header, read_rgb
from tfviz.image.samples import SAMPLES, sample_path
from tfviz.image.writing import write_array, write_image

__all__ = [
    "MODES",
    "SAMPLES",
    "Placement",
    "check_header",
    "place",
    "read_rgb",
    "sample_path",
    "to_input",
    "to_photo",
    "write_array",
    "write_image",
]
