"""The loss around a model's weights, and where its training went.

    python samples/learn_landscape.py
    python samples/learn_landscape.py --size 51 --out lessons

Trains a small network to tell two spirals apart, saving its weights on the way, and draws the loss
on a random, filter-normalised plane through the end, on the plane along which the weights moved
most, and along a line.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import tfviz


def spirals(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (2 * count, 2) on two arms, and which arm each is on."""
    random = np.random.default_rng(0)
    turn = np.sqrt(random.random(count)) * 3 * np.pi
    arm = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=1) / 3
    points = np.concatenate([arm, -arm]) + random.normal(0, 0.1, (2 * count, 2))
    return points.astype("float32"), np.repeat([0.0, 1.0], count).astype("float32")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=41, help="points along each axis")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--out", default="lessons", help="results go here")
    parser.add_argument("--quick", action="store_true", help="few points, few epochs")
    arguments = parser.parse_args()
    size, epochs = (9, 8) if arguments.quick else (arguments.size, arguments.epochs)

    keras.utils.set_random_seed(0)
    x, y = spirals(300)
    layers = [keras.layers.Dense(32, activation="tanh") for _ in range(2)]
    model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        model.save_weights(Path(folder, "000.weights.h5"))
        saver = keras.callbacks.ModelCheckpoint(
            Path(folder, "{epoch:03d}.weights.h5"), save_weights_only=True
        )
        model.fit(x, y, epochs=epochs, verbose=0, callbacks=[saver])
        files = sorted(Path(folder).glob("*.weights.h5"))
        for name, options in (
            ("random", {"log": True}),
            ("training", {"weights": files, "log": True}),
            ("line", {"dimensions": 1, "size": 4 * size + 1}),
        ):
            lesson = tfviz.learn.landscape(model, x, y, **{"size": size, **options})
            print(f"{lesson}\n")
            for path in lesson.save(Path(arguments.out, name), ["png", "json"]):
                print(f"wrote {path}")


if __name__ == "__main__":
    main()
