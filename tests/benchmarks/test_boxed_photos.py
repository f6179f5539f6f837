"""benchmarks/boxed_photos.py reads boxes as YOLO writes them, and asks for what a model sees."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import tfviz
from tfviz.image import write_image

BENCHMARKS = Path(tfviz.__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def boxed() -> Iterator[ModuleType]:
    sys.path.insert(0, str(BENCHMARKS))
    import boxed_photos

    yield boxed_photos
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos: a cat twice and a dog; something that ImageNet hasn't. A third without boxes."""
    (tmp_path / "images").mkdir()
    (tmp_path / "boxes").mkdir()
    for name in ("a", "b", "c"):
        write_image(tmp_path / "images" / f"{name}.jpg", np.full((20, 40, 3), 90, np.uint8))
    lines = ["15 0.25 0.5 0.5 1.0", "15 0.9 0.5 0.1 0.2", "16 0.5 0.5 0.2 0.4", "0 0.5 0.5 1 1"]
    (tmp_path / "boxes" / "a.txt").write_text("\n".join(lines))
    (tmp_path / "boxes" / "b.txt").write_text("0 0.5 0.5 1.0 1.0\n")
    (tmp_path / "class_to_imagenet.json").write_text(json.dumps({"15": [3, 4], "16": [7]}))
    return tmp_path


def test_a_photo_counts_where_imagenet_has_a_class_for_a_box(
    boxed: ModuleType, folder: Path
) -> None:
    (photo,) = boxed.boxed_photos(folder)
    assert (photo.name, photo.pixels.shape) == ("a", (20, 40, 3))
    assert photo.boxes["15"] == [(0.0, 0.0, 1.0, 0.5), pytest.approx((0.4, 0.85, 0.6, 0.95))]
    assert photo.classes == {"15": [3, 4], "16": [7]}


def test_the_class_that_the_model_ranks_highest_is_asked_for_in_its_own_boxes(
    boxed: ModuleType, folder: Path
) -> None:
    photos = list(boxed.boxed_photos(folder))
    outputs = np.arange(30.0)[::-1][None]
    outputs[0, 4] = 100
    (asked,) = boxed.questions(photos, outputs)
    assert asked.target == 4
    expected = np.zeros((20, 40), bool)
    expected[:, :20] = True
    expected[8:12, 34:38] = True
    assert (asked.inside == expected).all()


def test_what_the_model_does_not_see_is_not_asked_for(boxed: ModuleType, folder: Path) -> None:
    photos = list(boxed.boxed_photos(folder))
    outputs = np.arange(30.0)[None]  # classes 3, 4 and 7 come last but 22
    assert list(boxed.questions(photos, outputs)) == []


def test_a_box_beyond_the_edge_ends_there(boxed: ModuleType) -> None:
    mask = boxed.covered([(-0.5, 0.5, 0.5, 1.5)], (4, 4))
    assert mask.tolist() == [[False, False, True, True]] * 2 + [[False] * 4] * 2
