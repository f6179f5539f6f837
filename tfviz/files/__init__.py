"""Write whole or not at all; find the images that the user means."""

from __future__ import annotations

from tfviz.files.atomic import ensure_writable, write_bytes, write_text, writing
from tfviz.files.inputs import find_images
from tfviz.files.kinds import IMAGE_SUFFIXES
from tfviz.files.sharing import Shard, take
from tfviz.files.source import Source
from tfviz.files.stems import Planned, output_stems, plan_outputs

__all__ = [
    "IMAGE_SUFFIXES",
    "Planned",
    "Shard",
    "Source",
    "ensure_writable",
    "find_images",
    "output_stems",
    "plan_outputs",
    "take",
    "write_bytes",
    "write_text",
    "writing",
]
