"""Rotated and scaled shapes, told apart with and without deformable convolution.

    python samples/deformable_shapes.py                 # three minutes on two cores
    python samples/deformable_shapes.py --quick         # half a minute, with less to see
    python samples/deformable_shapes.py --seeds 3       # the comparison three times

The shapes are the seven tetrominoes, turned by any angle, small and large, with noise. Two pairs
are mirror images of each other, so that how the parts lie to each other is all there is to go by.
Three nets are trained on the same pictures: a plain one, a plain one that is wider and has at least
as many weights as the third, and one whose last two convolutions are deformable. Then they are
asked about new pictures, by size. The picture shows dilation and rotation as special cases of
deformation, and where the last deformable layer looks on a small shape and on a large one.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers
from PIL import Image

import tfviz
from tfviz.draw.sampling import gallery

SIZE = 40
# Squares of each shape, (y, x).
SHAPES = {
    "I": [(0, 0), (0, 1), (0, 2), (0, 3)],
    "O": [(0, 0), (0, 1), (1, 0), (1, 1)],
    "T": [(0, 0), (0, 1), (0, 2), (1, 1)],
    "L": [(0, 0), (0, 1), (0, 2), (1, 0)],
    "J": [(0, 0), (0, 1), (0, 2), (1, 2)],
    "S": [(0, 1), (0, 2), (1, 0), (1, 1)],
    "Z": [(0, 0), (0, 1), (1, 1), (1, 2)],
}
NAMES = tuple(SHAPES)
# Pixels along the side of one square.
SMALLEST, LARGEST = 3.0, 8.0


def draw_shape(name: str, side: float, degrees: float, middle: np.ndarray) -> np.ndarray:
    """A shape as a picture of 0 to 1, its edges half a pixel soft."""
    squares = np.array(SHAPES[name], float)
    squares -= squares.mean(axis=0)
    y, x = np.mgrid[:SIZE, :SIZE] - middle[:, np.newaxis, np.newaxis]
    angle = np.deg2rad(degrees)
    v = (np.cos(angle) * y + np.sin(angle) * x) / side
    u = (np.cos(angle) * x - np.sin(angle) * y) / side
    # How deep inside the nearest square each pixel is.
    depth = np.max([0.5 - np.maximum(abs(v - r), abs(u - c)) for r, c in squares], axis=0)
    return np.clip(depth * side + 0.5, 0, 1)


def make(
    count: int, random: np.random.Generator, sides: tuple[float, float] = (SMALLEST, LARGEST)
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 pictures (count, SIZE, SIZE, 1) and their labels."""
    labels = random.integers(0, len(NAMES), count)
    pictures = np.empty((count, SIZE, SIZE, 1), np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        side = np.exp(random.uniform(*np.log(sides)))
        middle = (SIZE - 1) / 2 + random.uniform(-3, 3, 2)
        shape = draw_shape(NAMES[label], side, random.uniform(0, 360), middle)
        grey = 60 + 110 * shape + random.normal(0, 22, shape.shape)
        picture[..., 0] = np.clip(grey, 0, 255)
    return pictures, labels


def build(kind: str) -> keras.Model:
    """`plain`, `wide` (plain, with more channels) or `deformable`."""
    width = 1.25 if kind == "wide" else 1
    inputs = keras.Input((SIZE, SIZE, 1))
    x = layers.Rescaling(1 / 64, offset=-1.5)(inputs)
    for filters, strides in ((16, 2), (32, 2)):
        x = layers.Conv2D(int(width * filters), 3, strides=strides, padding="same")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    for number, filters in enumerate((48, 64)):
        name = f"last{number + 1}"
        if kind == "deformable":
            layer = tfviz.layers.DeformableConv2D(
                filters, 3, padding="same", mask_scale=2.0, name=name
            )
        else:
            layer = layers.Conv2D(int(width * filters), 3, padding="same", name=name)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layer(x)))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(len(NAMES), activation="softmax")(x), name=kind)


def train(kind: str, seed: int, count: int, epochs: int) -> keras.Model:
    keras.utils.set_random_seed(seed)
    pictures, labels = make(count, np.random.default_rng(seed))
    model = build(kind)
    steps = epochs * -(-count // 64)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    # XLA would compile for longer than these small nets train.
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(pictures, labels, batch_size=64, epochs=epochs, verbose=0)
    return model


def accuracy(model: keras.Model, sides: tuple[float, float], count: int) -> float:
    pictures, labels = make(count, np.random.default_rng(12345), sides)
    return float((model.predict(pictures, verbose=0).argmax(axis=1) == labels).mean())


def pixels(figure) -> np.ndarray:
    figure.set_dpi(120)
    figure.canvas.draw()
    return np.array(np.asarray(figure.canvas.buffer_rgba())[..., :3])


def special_cases() -> np.ndarray:
    """Offsets that need not be learned to be understood."""
    shape = draw_shape("L", 8.0, 30, np.full(2, (SIZE - 1) / 2))
    picture = np.repeat((60 + 110 * shape).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    # The taps of a 3x3 kernel at one output pixel, as on the map of the last layers.
    plain = 4.5 + np.stack(np.mgrid[-1:2, -1:2], axis=-1).reshape(1, 9, 2).astype(float)
    panels = [
        (told, plain + moved, plain, None)
        for told, moved in (
            ("plain", 0.0),
            ("dilation 2", tfviz.layers.dilated(3, 2)),
            ("turned by 30°", tfviz.layers.rotated(3, 30)),
            ("any offsets", tfviz.layers.random_offsets(3, 1.2, seed=4)),
        )
    ]
    return pixels(
        gallery(
            picture,
            panels,
            input_size=(10, 10),
            title="What offsets can make of a 3x3 kernel",
            note="",
        )
    )


def learned(model: keras.Model, name: str, side: float, told: str) -> np.ndarray:
    """Where the last deformable layer looks on one shape."""
    random = np.random.default_rng(3)
    grey = 60 + 110 * draw_shape(name, side, 30, np.full(2, (SIZE - 1) / 2))
    grey = np.clip(grey + random.normal(0, 22, grey.shape), 0, 255).astype(np.uint8)[
        ..., np.newaxis
    ]
    points = tfviz.layers.sampling_points(model, "last2", grey[np.newaxis])
    answer = NAMES[int(model.predict(grey[np.newaxis], verbose=0).argmax())]
    title = (
        f"Learned, on {told} {name} (answer: {answer}); offsets spread by {points.spread:.2f} px"
    )
    figure = points.plot(np.repeat(grey, 3, axis=2), at=[(5, 5), (2, 8)], title=title)
    return pixels(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="deformable", help="picture and model go here")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--seeds", type=int, default=1, help="how often to compare")
    arguments = parser.parse_args()
    count, epochs, asked = (1500, 6, 300) if arguments.quick else (6000, 14, 2000)

    sizes = {
        "small": (SMALLEST, 4.2),
        "middle": (4.2, 5.8),
        "large": (5.8, LARGEST),
        "unseen": (LARGEST, 9.5),
    }
    print(f"{'net':<12}{'weights':>9}{'seconds':>9}  " + "".join(f"{each:>9}" for each in sizes))
    results: dict[str, list[list[float]]] = {}
    for seed in range(arguments.seeds):
        for kind in ("plain", "wide", "deformable"):
            start = time.perf_counter()
            model = train(kind, seed, count, epochs)
            took = time.perf_counter() - start
            right = [accuracy(model, sides, asked) for sides in sizes.values()]
            results.setdefault(kind, []).append(right)
            shown = "".join(f"{each:>9.1%}" for each in right)
            print(f"{kind:<12}{model.count_params():>9,}{took:>9.0f}  {shown}", flush=True)
    print(f"(sizes in pixels a square: {sizes}; trained on {SMALLEST} to {LARGEST})")
    if arguments.seeds > 1:
        print(f"mean of {arguments.seeds} seeds")
        for kind, rows in results.items():
            print(f"{kind:<30}  " + "".join(f"{each:>9.1%}" for each in np.mean(rows, axis=0)))

    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / "deformable.keras")
    rows = [special_cases()]
    rows += [learned(model, "L", 4.0, "a small"), learned(model, "L", 8.0, "a large")]
    Image.fromarray(np.concatenate(rows)).save(folder / "deformable.jpg", quality=80, optimize=True)
    print(f"\nwrote {folder / 'deformable.jpg'} and {folder / 'deformable.keras'}")
    print(f"try: tfviz heatmap PHOTO --model {folder / 'deformable.keras'}")


if __name__ == "__main__":
    main()
