"""A classifier of clothes from a folder of photos, trained in two phases, saved with what it knows.

    python samples/train_clothing.py --data FOLDER            # two minutes on two cores
    python samples/train_clothing.py --data FOLDER --quick    # ten seconds, a less sure model

The folder has one folder of photos for each class. With a dozen photos a class nothing can be
learned from nothing, so the network that comes with tfviz lends its eyes: first a new head is
trained on its frozen features, then its last block is thawed and trained with a small rate, as one
does with larger ones. Every fourth photo is kept for testing. The saved model knows its class
names, its input size and how photos were brought to it: `tfviz heatmap --model` asks nothing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import tfviz

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "clothing"
SIZE = 64
BATCH = 18


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """All photos at one size, their labels, the names of the classes."""
    names = sorted(each.name for each in folder.iterdir() if each.is_dir())
    photos, labels = [], []
    for label, name in enumerate(names):
        for path in sorted(tfviz.image_files(folder / name)):
            photo = tf.image.resize(tfviz.read_rgb(path), (SIZE, SIZE), antialias=True)
            photos.append(np.asarray(photo, np.uint8))
            labels.append(label)
    return np.stack(photos), np.array(labels), names


def augment(index: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Another view of each photo, drawn from the number of the batch: the same when resumed."""
    photos, labels = batch
    seed = tf.stack([tf.cast(index, tf.int32), 7])
    photos = tf.image.stateless_random_flip_left_right(tf.cast(photos, tf.float32), seed)
    padded = tf.pad(photos, [[0, 0], [6, 6], [6, 6], [0, 0]], "SYMMETRIC")
    shape = (tf.shape(photos)[0], SIZE, SIZE, 3)
    photos = tf.image.stateless_random_crop(padded, shape, seed)
    bright = tf.random.stateless_uniform((shape[0], 1, 1, 1), seed, 0.8, 1.2)
    return tf.clip_by_value(photos * bright, 0, 255), labels


def build(classes: int) -> tuple[keras.Model, list[layers.Layer]]:
    """The network that comes with tfviz, up to its last block, under a new head."""
    known = tfviz.load_model("everyday10")
    base = keras.Model(known.input, known.get_layer("block8_out").output, name="eyes")
    base.trainable = False
    inputs = keras.Input((SIZE, SIZE, 3))
    # The base takes any size: it was trained on small pictures, and these are twice as large.
    open_base = keras.models.clone_model(base, input_tensors=keras.Input((SIZE, SIZE, 3)))
    open_base.set_weights(base.get_weights())
    open_base.trainable = False
    body = layers.GlobalAveragePooling2D()(open_base(inputs))
    body = layers.Dropout(0.3)(body)
    outputs = layers.Dense(classes, activation="softmax", name="clothes")(body)
    last = [each for each in open_base.layers if each.name.startswith("block8")]
    return keras.Model(inputs, outputs, name="clothing"), last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=FOLDER, type=Path, help="a folder for each class")
    parser.add_argument("--out", default="clothing", help="the model and its curves go here")
    parser.add_argument("--quick", action="store_true", help="a few epochs only")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.exit(message=f"No photos at '{arguments.data}': give a folder with --data.\n")

    keras.utils.set_random_seed(7)
    photos, labels, names = read(arguments.data)
    test = np.arange(len(photos)) % 4 == 3
    train = tf.data.Dataset.from_tensor_slices((photos[~test], labels[~test]))
    train = train.shuffle(len(photos), seed=7).batch(BATCH).enumerate().map(augment)
    held_out = (photos[test].astype(np.float32), labels[test])
    print(f"{(~test).sum()} photos to learn from, {test.sum()} to test on, {len(names)} classes")

    model, last = build(len(names))
    short = arguments.quick
    head = tfviz.Trainer(
        model, "sparse_categorical_crossentropy", keras.optimizers.Adam(5e-3), ["accuracy"]
    )
    head.fit(train, epochs=4 if short else 30, validation_data=held_out)

    for each in last:
        # Statistics of so few photos would be worse than those that are there.
        each.trainable = not isinstance(each, layers.BatchNormalization)
    tuned = tfviz.Trainer(
        model,
        "sparse_categorical_crossentropy",
        keras.optimizers.AdamW(3e-4, weight_decay=1e-2),
        ["accuracy"],
        clip_norm=1.0,
        average=0.9,
    )
    history = tuned.fit(train, epochs=2 if short else 20, validation_data=held_out)

    folder = Path(arguments.out)
    folder.mkdir(parents=True, exist_ok=True)
    path = tuned.save(
        folder / "clothing.keras",
        labels=names,
        resize="stretch",
        value_range="none",
        knows=f"clothing knows only: {', '.join(names)}.",
        average=True,
    )
    history.plot(path=folder / "clothing.png")
    loaded = tfviz.load_model(path)
    right = np.mean(loaded.predict(held_out[0], verbose=0).argmax(axis=1) == held_out[1])
    print(f"{right:.0%} of the test photos are right; chance is {1 / len(names):.0%}")
    print(f"wrote {path}: try `tfviz heatmap {arguments.data} --model {path}`")


if __name__ == "__main__":
    main()
