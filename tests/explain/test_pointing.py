"""On real photos and real models a map must point at the thing it explains.

The pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", 2016): the
highest pixel of the map is a hit when it lies in a box of the explained category. A random point
hits as often as boxes cover the photo; a map that ignores the model points no better.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import tfviz
from tfviz.explain.metrics import energy_in_box, pointing_hit
from tfviz.image import place, to_photo

BENCHMARKS = Path(tfviz.__file__).parents[1] / "benchmarks"
MODELS = ("mobilenet_v2_1.0_224.keras", "mobilenet_v1_0.75_224.keras")


@pytest.fixture(scope="module")
def boxed():
    """benchmarks/boxed_photos.py, which reads the photos there too."""
    sys.path.insert(0, str(BENCHMARKS))
    import boxed_photos

    yield boxed_photos
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def cases(shared, boxed):
    return list(boxed.boxed_photos(shared / "coco"))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_maps_point_at_the_thing_better_than_any_map_that_ignores_the_model(
    shared, boxed, cases, name
):
    model = tfviz.load_model(shared / "models" / name)
    # Cropped, as these models were trained: stretching a photo costs the smaller one 0.09 in hits.
    inputs = tfviz.preprocess(model, [each.pixels for each in cases], resize="crop")
    outputs = model.predict(inputs, verbose=0, batch_size=32)
    asked = list(boxed.questions(cases, outputs))
    masks = [each.inside for each in asked]
    found = tfviz.GradCAM(model)(
        inputs[[each.photo for each in asked]], [each.target for each in asked]
    )
    sizes = [mask.shape for mask in masks]
    places = [place(size, (224, 224), "crop") for size in sizes]
    random = np.random.default_rng(0)
    noise = [to_photo(random.random((7, 7)).astype("float32"), each) for each in places]

    ours = np.mean(
        [
            pointing_hit(found.on_photo(i, sizes[i], resize="crop"), mask)
            for i, mask in enumerate(masks)
        ]
    )
    point = np.mean([mask.mean() for mask in masks])
    random_map = np.mean(
        [pointing_hit(heat, mask) for heat, mask in zip(noise, masks, strict=True)]
    )
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
        hits.append(pointing_hit(heat, quarter))
        energy.append(energy_in_box(heat, quarter))
    print(
        f"{name} {method.name}: {len(cells)} cells, hits {np.mean(hits):.3f}, "
        f"energy {np.mean(energy):.3f}; chance and centre 0.25"
    )
    assert len(cells) >= 60
    assert np.mean(hits) > 0.8
    assert np.mean(energy) > 0.5
