"""Write whole or not at all; find the images that the user means."""

from __future__ import annotations

from tfviz.files.atomic import ensure_writable, write_bytes, write_text, writing
from tfviz.files.inputs import IMAGE_SUFFIXES, Source, find_images
from tfviz.files.stems import output_stems

__all__ = [
    "IMAGE_SUFFIXES",
    "Source",
    "ensure_writable",
    "find_images",
    "output_stems",
    "write_bytes",
    "write_text",
    "writing",
]
