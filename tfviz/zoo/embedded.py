"""The models that come with tfviz."""

from __future__ import annotations

from pathlib import Path

# name: the .keras file, with its tfviz.json inside
EMBEDDED: dict[str, Path] = {"everyday10": Path(__file__).parent / "data" / "everyday10.keras"}
