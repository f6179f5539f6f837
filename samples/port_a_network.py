"""Two models on one photo, compared the way it is done when a network is ported.

    python samples/port_a_network.py
    python samples/port_a_network.py --weights resnet20-12fca82f.th --photo dog.jpg --out ported

A ResNet-20 with PyTorch's weights stands for the original. Beside it stands the port that nearly
everybody writes first: the same weights in layers with Keras's own defaults, padding "same" and
epsilon 1e-3. Nothing fails; it only answers something else. The sample shows the photo to both,
letterboxed, so that all of it is seen, and lets `tfviz.zoo.verify` name the first stage that
differs; mends it; asks again; until nothing differs. Then it compares where the two look.

Without --weights they are taken from ../shared/data, and where that is absent from chance: the
stages differ just as well then, only the answers mean nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import tfviz
from tfviz.draw import grid
from tfviz.model.pixels import scale

BESIDE = Path(__file__).parents[2] / "shared" / "data" / "models" / "resnet20-12fca82f.th"
# Of the original's input: the real CIFAR images have 32 pixels, a photo shows more on 64.
SIZE = 64


def changed(model: keras.Model, change: Any) -> keras.Model:
    """The same layers and weights, with settings changed by `change(layer, config)`."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        change(layer, config)
        return type(layer).from_config(config)

    twin = keras.models.clone_model(model, clone_function=clone)
    twin.set_weights(model.get_weights())
    return twin


def keras_epsilon(layer: keras.layers.Layer, config: dict[str, Any]) -> None:
    if isinstance(layer, keras.layers.BatchNormalization):
        config["epsilon"] = 1e-3


def same_padding(layer: keras.layers.Layer, config: dict[str, Any]) -> None:
    if isinstance(layer, keras.layers.ZeroPadding2D):
        config["padding"] = ((0, 0), (0, 0))
    elif isinstance(layer, keras.layers.Conv2D):
        config["padding"] = "same"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", help="an image file; the cat of scikit-image by default")
    parser.add_argument("--weights", help="PyTorch's weights of a ResNet-20 for CIFAR-10")
    parser.add_argument("--out", default="heatmaps", help="two_models.png goes here")
    parser.add_argument("--quick", action="store_true", help="the same: it is quick as it is")
    arguments = parser.parse_args()
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(0)
    weights = arguments.weights or (BESIDE if BESIDE.exists() else None)
    original = tfviz.zoo.resnet20(weights=weights, input_shape=(SIZE, SIZE, 3))
    card = tfviz.card_of(original)
    photo = tfviz.read_rgb(arguments.photo or tfviz.sample_path("cat"))

    boxed = tfviz.letterbox(photo, SIZE)
    top, left, height, width = boxed.placements[0].area
    print(f"the photo, {photo.shape[1]}x{photo.shape[0]}, fills {width}x{height} pixels of the")
    print(f"input of {SIZE}x{SIZE} from ({left}, {top}) on; the rest is gray")
    inputs = scale(boxed.images[np.newaxis].astype(np.float32), card.value_range or "torch")

    reference = tfviz.zoo.reference_of(original, inputs)
    careless = changed(changed(original, keras_epsilon), same_padding)
    for what, model in (
        ("with padding 'same' and epsilon 1e-3", careless),
        ("with padding 'same', epsilon mended", changed(original, same_padding)),
        ("with padding mended too", changed(original, lambda layer, config: None)),
    ):
        found = tfviz.zoo.verify(model, reference)
        first = f"differs from '{found.first.name}' on" if found.first else "is the same everywhere"
        print(f"\nthe port {what} {first}")
        for stage in found.stages:
            print(f"  {stage.difference:8.1e}  {stage.name}")

    pictures, titles = [boxed.images], ["what both see"]
    for name, model in (("original", original), ("careless port", careless)):
        tfviz.remember(model, card)
        explanation = tfviz.GradCAM(model)(inputs)
        heat = boxed.map_to_photo(explanation.maps[0])
        row, column = np.unravel_index(heat.argmax(), heat.shape)
        print(f"\n{name}: {explanation.targets[0]}, score {explanation.scores[0]:.3f}")
        print(f"  looks most at x={column}, y={row} of the photo")
        pictures.append(tfviz.overlay(photo, heat))
        titles.append(f"{name}: {explanation.targets[0]}")
    path = out / "two_models.png"
    grid(pictures, columns=3, titles=titles).savefig(path)
    print(f"\nwrote {path}")


if __name__ == "__main__":
    main()
