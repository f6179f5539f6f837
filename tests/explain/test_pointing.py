"""On real photos and real models a map must point at the thing it explains.

The pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", 2016): the
highest pixel of the map is a hit when it lies in a box of the explained category. A random point
hits as often as boxes cover the photo; a map that ignores the model points no better.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import tfviz
from tfviz.image import place, to_photo

MODELS = ("mobilenet_v2_1.0_224.keras", "mobilenet_v1_0.75_224.keras")


def photos_with_boxes(folder):
    """(photo, {category: boxes as y0, x0, y1, x1 in 0..1}) for categories that ImageNet has too."""
    classes = json.loads((folder / "class_to_imagenet.json").read_text())
    for path in sorted((folder / "images").glob("*.jpg")):
        boxes = folder / "boxes" / f"{path.stem}.txt"
        if not boxes.exists():
            continue
        found = {}
        for line in boxes.read_text().splitlines():
            category, cx, cy, w, h = line.split()
            if category in classes:
                cx, cy, w, h = (float(each) for each in (cx, cy, w, h))
                box = (cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2)
                found.setdefault(category, []).append(box)
        if found:
            yield tfviz.read_rgb(path), {k: (classes[k], v) for k, v in found.items()}


def covered(boxes, shape):
    mask = np.zeros(shape, bool)
    for y0, x0, y1, x1 in boxes:
        rows = slice(round(max(y0, 0) * shape[0]), round(y1 * shape[0]))
        columns = slice(round(max(x0, 0) * shape[1]), round(x1 * shape[1]))
        mask[rows, columns] = True
    return mask


@pytest.fixture(scope="module")
def cases(shared):
    return list(photos_with_boxes(shared / "coco"))


def hit(heat, mask):
    """Whether the highest pixel lies in the boxes; what a crop leaves unseen is never highest."""
    return bool(mask[np.unravel_index(np.nanargmax(heat), heat.shape)])


def usable(cases, outputs):
    """(photo, class, mask) where a category of the photo is among the model's first twenty.

    Of several categories the one that the model ranks highest: a map of what the model doesn't see
    at all says nothing.
    """
    for i, (photo, categories) in enumerate(cases):
        rank = np.argsort(np.argsort(-outputs[i]))
        classes, boxes = min(categories.values(), key=lambda each: rank[each[0]].min())
        best = int(classes[int(np.argmin(rank[classes]))])
        if rank[best] < 20:
            yield i, best, covered(boxes, photo.shape[:2])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_maps_point_at_the_thing_better_than_any_map_that_ignores_the_model(shared, cases, name):
    model = tfviz.load_model(shared / "models" / name)
    # Cropped, as these models were trained: stretching a photo costs the smaller one 0.09 in hits.
    inputs = tfviz.preprocess(model, [photo for photo, _ in cases], resize="crop")
    outputs = model.predict(inputs, verbose=0, batch_size=32)
    rows, targets, masks = zip(*usable(cases, outputs), strict=True)
    found = tfviz.GradCAM(model)(inputs[list(rows)], targets)
    sizes = [mask.shape for mask in masks]
    places = [place(size, (224, 224), "crop") for size in sizes]
    random = np.random.default_rng(0)
    noise = [to_photo(random.random((7, 7)).astype("float32"), each) for each in places]

    ours = np.mean(
        [hit(found.on_photo(i, sizes[i], resize="crop"), mask) for i, mask in enumerate(masks)]
    )
    point = np.mean([mask.mean() for mask in masks])
    random_map = np.mean([hit(heat, mask) for heat, mask in zip(noise, masks, strict=True)])
    # A blob in the middle has its highest pixel there, and photographers aim.
    centre = np.mean([mask[mask.shape[0] // 2, mask.shape[1] // 2] for mask in masks])
    print(
        f"{name}: {len(masks)} photos, hits {ours:.3f}; random point {point:.3f}, "
        f"random map {random_map:.3f}, centre {centre:.3f}"
    )
    assert len(masks) > 75
    assert ours > point + 0.2
    assert ours > random_map + 0.2
    assert ours > centre


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", [tfviz.GradCAM, tfviz.HiResCAM])
def test_among_four_photos_in_a_grid_the_map_finds_the_one_it_is_asked_for(shared, name, method):
    """The grid pointing game (Boehle et al., "Convolutional Dynamic Alignment Networks", 2021).

    Four photos of other classes share one input. Where the evidence for one of them lies is known,
    and neither the middle nor chance knows it: both find it in one of four.
    """
    model = tfviz.load_model(shared / "models" / name)
    names = tfviz.card_of(model).class_names
    photos, classes = [], []
    for path in sorted((shared / "imagenet").glob("*.JPEG")):
        label = path.stem.split("_", 1)[1]
        if names.count(label) == 1:
            photos.append(tfviz.read_rgb(path))
            classes.append(names.index(label))
    inputs = tfviz.preprocess(model, photos, resize="crop")
    outputs = model.predict(inputs, verbose=0, batch_size=32)
    sure = [i for i in range(len(photos)) if outputs[i, classes[i]] > 0.8][:80]
    small = inputs[sure].reshape(-1, 112, 2, 112, 2, 3).mean(axis=(2, 4))
    grids, targets, cells = [], [], []
    for start in range(0, len(sure) - 3, 4):
        four = small[start : start + 4]
        grid = np.concatenate(
            [np.concatenate(four[:2], axis=1), np.concatenate(four[2:], axis=1)], axis=0
        )
        for cell in range(4):
            grids.append(grid)
            targets.append(classes[sure[start + cell]])
            cells.append(cell)
    found = method(model)(np.stack(grids), targets)
    hits, energy = [], []
    for i, cell in enumerate(cells):
        heat = found.on_photo(i, (224, 224))
        quarter = np.zeros((224, 224), bool)
        quarter[112 * (cell // 2) :, 112 * (cell % 2) :][:112, :112] = True
        hits.append(hit(heat, quarter))
        energy.append(heat[quarter].sum() / heat.sum())
    print(
        f"{name} {method.name}: {len(cells)} cells, hits {np.mean(hits):.3f}, "
        f"energy {np.mean(energy):.3f}; chance and centre 0.25"
    )
    assert len(cells) >= 60
    assert np.mean(hits) > 0.8
    assert np.mean(energy) > 0.5
