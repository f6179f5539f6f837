"""A photo, and whether something is shown as it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tfviz.draw.displayable import displayable
from tfviz.errors import InputError

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
PHOTO[0, :2] = [[0, 0, 0], [255, 255, 255]]


def same(x: Any, picture: np.ndarray = PHOTO, **how: Any) -> bool:
    """Whether x is shown as this picture, to one level in 255."""
    shown = displayable(x, **how)
    assert shown.dtype == np.uint8
    assert shown.shape == picture.shape
    return int(np.abs(shown.astype(int) - picture.astype(int)).max()) <= 1


def refused(x: Any, **how: Any) -> str:
    with pytest.raises(InputError) as caught:
        displayable(x, **how)
    return str(caught.value)
