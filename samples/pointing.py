"""Do the maps of the small everyday10 point as well as those of MobileNetV2, on the same photos?

    python samples/pointing.py --data shared/data     # COCO photos with boxes, both models

The pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", 2016): a map of
a class is a hit when its highest pixel lies in a box of that class. Two kinds of scenes:

- *photos*: whole, as the job takes them. Few of the classes, and often tiny: a car of 60 pixels in
  a photo of 640 is 3 pixels wide in the 32 that everyday10 sees.
- *windows*: square pieces of the photos, two to four times as long as a boxed object of at least 32
  pixels and placed at random around it, so that it is large enough to be seen by both and lies
  anywhere. Windows of one photo resemble each other: intervals are drawn over photos.

A scene counts where the class is among the first 3 of everyday10's ten and the first 20 of
MobileNetV2's thousand: a map of what a model doesn't see says nothing.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from cifar10 import CLASSES, shared_folder

import tfviz

# COCO's numbers of the categories that everyday10 knows; deer and frog are none of COCO's.
CATEGORIES = {
    "2": "automobile",
    "4": "airplane",
    "7": "truck",
    "8": "ship",
    "14": "bird",
    "15": "cat",
    "16": "dog",
    "17": "horse",
}
# Left out of class_to_imagenet.json since ImageNet tells them apart otherwise: beach wagon, car
# wheel, convertible, minivan, pickup, racer, sports car; fire engine, garbage truck, moving van,
# pickup, tow truck, trailer truck.
CARS = (436, 479, 511, 656, 717, 751, 817)
TRUCKS = (555, 569, 675, 717, 864, 867)
FIRST_OF_TEN, FIRST_OF_THOUSAND = 3, 20
SMALLEST = 32  # pixels
SCALES = (2.0, 4.0)
WINDOWS_PER_BOX = 4


@dataclass(frozen=True)
class Scene:
    """Something to point at."""

    source: str
    """The photo it comes from."""
    pixels: np.ndarray
    category: str
    mask: np.ndarray
    """True inside the boxes of the category."""


def scenes(folder: Path, *, windows: bool, seed: int = 0) -> Iterator[Scene]:
    """All photos of the categories, or windows around their boxes."""
    random = np.random.default_rng(seed)
    for path in sorted((folder / "images").glob("*.jpg")):
        listed = folder / "boxes" / f"{path.stem}.txt"
        if not listed.exists():
            continue
        photo = tfviz.read_rgb(path)
        sides = np.array(photo.shape[:2])
        boxes: dict[str, list[np.ndarray]] = {}
        for line in listed.read_text().splitlines():
            category, *numbers = line.split()
            cx, cy, w, h = (float(each) for each in numbers)
            corners = np.array([[cy - h / 2, cx - w / 2], [cy + h / 2, cx + w / 2]])
            boxes.setdefault(category, []).append(np.clip((corners * sides).round(), 0, sides))
        for category in (each for each in CATEGORIES if each in boxes):
            mask = np.zeros(sides, bool)
            for (top, left), (bottom, right) in (box.astype(int) for box in boxes[category]):
                mask[top:bottom, left:right] = True
            if not windows:
                yield Scene(path.stem, photo, category, mask)
                continue
            for box in boxes[category]:
                for rows, columns in windows_around(box, sides, random):
                    part = mask[rows, columns]
                    yield Scene(path.stem, photo[rows, columns], category, part)


def windows_around(
    box: np.ndarray, sides: np.ndarray, random: np.random.Generator
) -> Iterator[tuple[slice, slice]]:
    """Squares that hold the box whole, at random sizes and places; none around a tiny box."""
    longest = (box[1] - box[0]).max()
    if longest < SMALLEST or SCALES[0] * longest > sides.min():
        return
    for _ in range(WINDOWS_PER_BOX):
        scale = random.uniform(SCALES[0], min(SCALES[1], sides.min() / longest))
        side = int(scale * longest)
        first = np.maximum(box[1] - side, 0).astype(int)
        last = np.minimum(box[0], sides - side).astype(int)
        top, left = random.integers(first, last + 1)
        yield slice(top, top + side), slice(left, left + side)


def point(
    model: keras.Model, given: list[Scene], classes: dict[str, list[int]], resize: str
) -> tuple[np.ndarray, np.ndarray]:
    """(rank, hit) of each scene: of the best class of its category, and of the map of that class.

    Args:
        model: Loaded by tfviz.
        given: The scenes.
        classes: The model's classes of each category.
        resize: 'stretch' or 'crop'. What a crop leaves unseen is never highest.
    """
    inputs = tfviz.preprocess(model, [scene.pixels for scene in given], resize=resize)
    outputs = model.predict(inputs, verbose=0, batch_size=32)
    best = [max(classes[s.category], key=row.__getitem__) for s, row in zip(given, outputs)]  # noqa: B905
    rank = (outputs > outputs[np.arange(len(best)), best][:, None]).sum(axis=1)
    maps = tfviz.GradCAM(model)(inputs, best)
    hits = []
    for i, scene in enumerate(given):
        heat = maps.on_photo(i, scene.mask.shape, resize=resize)
        hits.append(scene.mask[np.unravel_index(np.nanargmax(heat), heat.shape)])
    return rank, np.array(hits)


@dataclass(frozen=True)
class Pointing:
    """Hit rates on the scenes that count."""

    scenes: int
    photos: int
    ours: float
    mobilenet: float
    random_point: float
    centre: float
    difference: tuple[float, float]
    """95 % interval of ours minus MobileNetV2's, scene by scene, drawn over photos."""


def compare(everyday10: keras.Model, mobilenet: keras.Model, coco: Path, windows: bool) -> Pointing:
    """Both models on the same scenes, with what a map that ignores the model would get."""
    given = list(scenes(coco, windows=windows))
    imagenet = json.loads((coco / "class_to_imagenet.json").read_text())
    imagenet |= {"2": list(CARS), "7": list(TRUCKS)}
    ten = {number: [CLASSES.index(name)] for number, name in CATEGORIES.items()}
    our_rank, ours = point(everyday10, given, ten, "stretch")
    # Cropped, as MobileNetV2 was trained; a square window is the same either way.
    rank, theirs = point(mobilenet, given, imagenet, "crop")
    counts = (our_rank < FIRST_OF_TEN) & (rank < FIRST_OF_THOUSAND)
    masks = [scene.mask for scene in given]
    area = np.array([mask.mean() for mask in masks])
    centre = np.array([mask[mask.shape[0] // 2, mask.shape[1] // 2] for mask in masks])
    sources = np.array([scene.source for scene in given])
    return Pointing(
        scenes=int(counts.sum()),
        photos=len(set(sources[counts])),
        ours=float(ours[counts].mean()),
        mobilenet=float(theirs[counts].mean()),
        random_point=float(area[counts].mean()),
        centre=float(centre[counts].mean()),
        difference=interval(ours[counts].astype(int) - theirs[counts], sources[counts]),
    )


def interval(values: np.ndarray, groups: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % of the means of `values` when whole groups are drawn again with replacement."""
    random = np.random.default_rng(seed)
    parts = [values[groups == each] for each in np.unique(groups)]
    sums, sizes = np.array([p.sum() for p in parts]), np.array([len(p) for p in parts])
    drawn = random.integers(0, len(parts), (10_000, len(parts)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def compare_both(everyday10: keras.Model, data: Path | None = None) -> dict[str, Pointing]:
    """The comparison on 'photos' and on 'windows'; empty where photos or MobileNetV2 are absent."""
    data = data or shared_folder("")
    weights = data / "models" / "mobilenet_v2_1.0_224.keras"
    if not weights.exists() or not (data / "coco").exists():
        return {}
    mobilenet = tfviz.load_model(weights)
    return {
        kind: compare(everyday10, mobilenet, data / "coco", kind == "windows")
        for kind in ("photos", "windows")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with coco/ and models/")
    parser.add_argument("--model", default="everyday10", help="a .keras file of the same kind")
    parser.add_argument("--out", help="not used: the figures are printed")
    parser.add_argument("--quick", action="store_true", help="the same: it takes half a minute")
    arguments = parser.parse_args()

    data = Path(arguments.data) if arguments.data else None
    found = compare_both(tfviz.load_model(arguments.model), data)
    if not found:
        print("no photos with boxes here, or no MobileNetV2: name their folder with --data")
    for kind, each in found.items():
        low, high = each.difference
        print(
            f"{kind}: {each.scenes} of {each.photos} photos; everyday10 {each.ours:.3f}, "
            f"MobileNetV2 {each.mobilenet:.3f} (difference {low:+.3f} to {high:+.3f}), "
            f"random point {each.random_point:.3f}, centre {each.centre:.3f}"
        )


if __name__ == "__main__":
    main()
