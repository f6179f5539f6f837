"""A real photo, and where models are made."""

from __future__ import annotations

import numpy as np
import pytest

from tfviz.image import read_rgb, sample_path


@pytest.fixture(scope="session")
def cat() -> np.ndarray:
    """The cat of scikit-image, 300 x 451."""
    return read_rgb(sample_path("cat"))
