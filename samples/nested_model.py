"""A base model inside a model, the usual shape of transfer learning, explained class by class.

    python samples/nested_model.py                # fifteen seconds on two cores
    python samples/nested_model.py --quick        # half of that, with a less sure model

The task is made so that the right answer is known: noisy pictures that hold one disc, cross or
ring. After training, each test picture holds a disc *and* a cross, far apart. A right map of
'disc' peaks on the disc and one of 'cross' on the cross, in the same picture, with the same model.
The sample counts how often that is so, also for a contrast and for a target function of its own.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers, ops

import tfviz

SHAPES = ("disc", "cross", "ring")
SIZE, RADIUS = 64, 8


def stamp(picture: np.ndarray, shape: str, row: int, column: int) -> None:
    """Draw a shape of 17x17 pixels around a place."""
    y, x = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    distance = np.hypot(y, x)
    where = {
        "disc": distance <= 6,
        "cross": (np.abs(y) <= 1) | (np.abs(x) <= 1),
        "ring": (distance >= 5) & (distance <= 8),
    }[shape]
    part = picture[row - RADIUS : row + RADIUS + 1, column - RADIUS : column + RADIUS + 1]
    part[where] = 230


def noise(count: int, random: np.random.Generator) -> np.ndarray:
    return random.integers(40, 120, (count, SIZE, SIZE, 3), dtype=np.uint8)


def training_set(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One shape in each picture."""
    pictures, labels = noise(count, random), random.integers(0, len(SHAPES), count)
    for picture, label in zip(pictures, labels, strict=True):
        row, column = random.integers(RADIUS, SIZE - RADIUS, 2)
        stamp(picture, SHAPES[label], row, column)
    return pictures, labels


def two_shapes(
    count: int, random: np.random.Generator
) -> tuple[np.ndarray, dict[str, list[tuple[int, int]]]]:
    """A disc and a cross in each picture, one in the left half and one in the right."""
    pictures = noise(count, random)
    places: dict[str, list[tuple[int, int]]] = {"disc": [], "cross": []}
    for picture in pictures:
        columns = random.permutation([14, SIZE - 14])
        for shape, column in zip(places, columns, strict=True):
            row = int(random.integers(RADIUS, SIZE - RADIUS))
            stamp(picture, shape, row, int(column))
            places[shape].append((row, int(column)))
    return pictures, places


def build_model() -> keras.Model:
    base = keras.Sequential(
        [
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Conv2D(32, 3, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.Conv2D(32, 3, padding="same"),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(name="last_relu"),
        ],
        name="base",
    )
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.GlobalAveragePooling2D()(base(x))
    return keras.Model(inputs, layers.Dense(len(SHAPES), activation="softmax")(x), name="shapes")


def on_shape(explanation: tfviz.Explanation, places: list[tuple[int, int]]) -> float:
    """The share of maps whose highest place lies on the shape."""
    hits = 0
    for i, (row, column) in enumerate(places):
        heat = explanation.on_photo(i, (SIZE, SIZE))
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        hits += abs(y - row) <= RADIUS and abs(x - column) <= RADIUS
    return hits / len(places)


def disc_against_all(logits):
    """Log odds of 'disc' against all other classes together."""
    return logits[:, 0] - ops.logsumexp(logits[:, 1:], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="heatmaps", help="the picture goes here")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    pictures, labels = training_set(768 if arguments.quick else 3000, random)
    model = build_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pictures, labels, batch_size=32, epochs=4 if arguments.quick else 8, verbose=0)
    fresh, truth = training_set(300, random)
    print(f"trained: {model.evaluate(fresh, truth, verbose=0)[1]:.1%} right on new pictures")

    choice = tfviz.layers_of(model)
    print(f"explained at '{choice.path}': {choice.reason}")

    tests, places = two_shapes(100, random)
    cam = tfviz.GradCAM(model)
    disc, cross = tfviz.Class(0), tfviz.Class(1)
    found = {
        "disc": cam(tests, disc, images=tests),
        "cross": cam(tests, cross, images=tests),
        "disc rather than cross": cam(tests, tfviz.Contrast(disc, cross), images=tests),
        "disc against all": cam(tests, disc_against_all, images=tests),
    }
    print("\nEach picture holds a disc and a cross. The map peaks on the shape asked for in")
    for name, explanation in found.items():
        share = on_shape(explanation, places["cross" if name == "cross" else "disc"])
        print(f"  {name:24} {share:5.0%}")
    print(f"  {'(a random place would)':24} {(2 * RADIUS + 1) ** 2 / SIZE**2:5.0%}")

    from tfviz.draw import grid

    rows = [tests[:4], *(found[name].overlay()[:4] for name in ("disc", "cross"))]
    titles = ["picture"] * 4 + ["why disc"] * 4 + ["why cross"] * 4
    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    figure = grid([each for row in rows for each in row], columns=4, titles=titles)
    figure.savefig(folder / "nested_model.png")
    print(f"\nwrote {folder / 'nested_model.png'}")


if __name__ == "__main__":
    main()
