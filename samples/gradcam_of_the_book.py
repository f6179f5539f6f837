"""The class-activation code of "Deep Learning with Python", 5.4.3, its `K.` calls renamed.

    python samples/gradcam_of_the_book.py                         # the cat, with everyday10
    python samples/gradcam_of_the_book.py elephant.jpg --model MobileNetV2
    python samples/gradcam_of_the_book.py elephant.jpg --model mobilenet.keras --layer out_relu

The book's three lines were written for Keras 2 on TensorFlow 1:

    grads = K.gradients(african_elephant_output, last_conv_layer.output)[0]
    pooled_grads = K.mean(grads, axis=(0, 1, 2))
    iterate = K.function([model.input], [pooled_grads, last_conv_layer.output[0]])

On Keras 3 `K.gradients` and `K.function` are gone. `tfviz.gradients`, `keras.ops.mean` and
`tfviz.function` take their place, and the rest of the code stays as it is.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import tfviz


def heatmap_of_the_book(model, x, last_conv_layer):
    """As printed in the book, from the prediction to the heatmap."""
    preds = model.predict(x, verbose=0)
    class_index = int(np.argmax(preds[0]))
    class_output = model.output[:, class_index]

    grads = tfviz.gradients(class_output, last_conv_layer.output)[0]
    pooled_grads = keras.ops.mean(grads, axis=(0, 1, 2))
    iterate = tfviz.function([model.input], [pooled_grads, last_conv_layer.output[0]])

    pooled_grads_value, conv_layer_output_value = iterate([x])
    for i in range(conv_layer_output_value.shape[-1]):
        conv_layer_output_value[:, :, i] *= pooled_grads_value[i]
    heatmap = np.mean(conv_layer_output_value, axis=-1)

    heatmap = np.maximum(heatmap, 0)
    heatmap /= np.max(heatmap)
    return class_index, heatmap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", default="sample:cat")
    parser.add_argument("--model", default="everyday10")
    parser.add_argument("--weights")
    parser.add_argument("--layer", help="the one that tfviz takes by default")
    parser.add_argument("--out", default="heatmaps")
    parser.add_argument("--quick", action="store_true", help="nothing is slow here")
    arguments = parser.parse_args()

    sample = arguments.photo.startswith("sample:")
    photo = tfviz.read_rgb(tfviz.sample_path(arguments.photo) if sample else arguments.photo)
    model = tfviz.load_model(arguments.model, weights=arguments.weights)
    x = tfviz.preprocess(model, [photo])
    layer = arguments.layer or tfviz.layers_of(model).path

    class_index, heatmap = heatmap_of_the_book(model, x, model.get_layer(layer))
    name = tfviz.card_of(model).name_of(class_index)
    print(f"{arguments.photo}: {name}, at layer '{layer}'")

    # The book differentiates the probability; tfviz takes the logit, whose gradient does not vanish
    # where the model is sure. Scaled to 1, the two maps are nearly the same.
    ours = tfviz.GradCAM(model, layer)(x, class_index)
    scaled = ours.maps[0] / ours.maps[0].max()
    print(f"largest difference to tfviz.GradCAM: {np.abs(scaled - heatmap).max():.3f}")

    folder = Path(arguments.out)
    ours.save(folder, [photo], names=["book"])
    print(f"wrote {folder / 'book.overlay.png'}")


if __name__ == "__main__":
    main()
