"""Photos with boxes around things that a model of ImageNet's classes knows, to judge maps by.

Used by benchmarks/methods.py and by the test of the pointing game. The photos are COCO's, the boxes
YOLO's (category, middle and size relative to the photo), and `class_to_imagenet.json` says which of
ImageNet's classes belong to each category.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfviz import read_rgb

# A map of what the model doesn't see at all says nothing.
FIRST = 20


def shared_folder() -> Path:
    """Where real data lies when it lies beside the project."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("TFVIZ_SHARED", beside))


@dataclass(frozen=True)
class BoxedPhoto:
    """A photo, and what is known to be in it."""

    name: str
    pixels: np.ndarray
    """uint8 RGB."""
    boxes: dict[str, list[tuple[float, float, float, float]]]
    """By category: top, left, bottom, right from 0 to 1."""
    classes: dict[str, list[int]]
    """By category: ImageNet's."""


@dataclass(frozen=True)
class Question:
    """Where is this?"""

    photo: int
    """Index of the photo that was asked about."""
    target: int
    """The class of the model."""
    inside: np.ndarray
    """(height, width) bool, True in the boxes."""


def boxed_photos(folder: Path) -> Iterator[BoxedPhoto]:
    """All photos that show something which ImageNet has a class for, in the order of names."""
    classes = json.loads((folder / "class_to_imagenet.json").read_text())
    for path in sorted((folder / "images").glob("*.jpg")):
        listed = folder / "boxes" / f"{path.stem}.txt"
        if not listed.exists():
            continue
        boxes: dict[str, list[tuple[float, float, float, float]]] = {}
        for line in listed.read_text().splitlines():
            category, *numbers = line.split()
            if category in classes:
                cx, cy, w, h = (float(each) for each in numbers)
                box = (cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2)
                boxes.setdefault(category, []).append(box)
        if boxes:
            known = {category: classes[category] for category in boxes}
            yield BoxedPhoto(path.stem, read_rgb(path), boxes, known)


def covered(boxes: Sequence[tuple[float, ...]], shape: tuple[int, int]) -> np.ndarray:
    """(height, width) bool, True in the boxes."""
    mask = np.zeros(shape, bool)
    for y0, x0, y1, x1 in boxes:
        rows = slice(round(max(y0, 0) * shape[0]), round(y1 * shape[0]))
        columns = slice(round(max(x0, 0) * shape[1]), round(x1 * shape[1]))
        mask[rows, columns] = True
    return mask


def questions(photos: Sequence[BoxedPhoto], outputs: np.ndarray) -> Iterator[Question]:
    """What a model can be asked: photos where it ranks a category among its first twenty.

    Of several categories the one that it ranks highest.

    Args:
        photos: The photos.
        outputs: (photos, classes), what the model says of them.
    """
    for i, photo in enumerate(photos):
        rank = np.argsort(np.argsort(-outputs[i]))
        category = min(photo.boxes, key=lambda each: rank[photo.classes[each]].min())
        known = photo.classes[category]
        best = int(known[int(np.argmin(rank[known]))])
        if rank[best] < FIRST:
            yield Question(i, best, covered(photo.boxes[category], photo.pixels.shape[:2]))
