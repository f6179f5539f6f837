"""HEIC photos, where pillow-heif is installed: read without anybody registering it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfviz.errors import InputError
from tfviz.image import check_header, read_rgb

pillow_heif = pytest.importorskip("pillow_heif")


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_photo_is_upright_and_pillow_as_before(tmp_path: Path, orientation: int) -> None:
    rows, columns = np.mgrid[:48, :64]
    stored = np.stack([rows * 5, columns * 3, 128 + 0 * rows], axis=-1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.fromarray(stored)).save(path, quality=95, exif=exif.tobytes())
    known = dict(Image.registered_extensions())
    upright = np.rot90(stored, {1: 0, 3: 2, 6: -1, 8: 1}[orientation])
    shown = read_rgb(path)
    assert shown.shape == upright.shape == (*check_header(path), 3)
    assert np.abs(shown.astype(int) - upright).mean() < 3
    assert Image.registered_extensions() == known


def test_a_heic_photo_that_is_too_large_or_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(path)
    with pytest.raises(InputError, match="3,072 pixels, more than the limit of 3,071"):
        read_rgb(path, max_pixels=3071)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="is cut off or damaged"):
        read_rgb(path, allow_truncated=True)
