"""What all tests share: where the real data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data; the test is skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TFVIZ_SHARED", default))
    if not (folder / "README.md").exists():
        pytest.skip(f"no real data at {folder} (set TFVIZ_SHARED)")
    return folder
