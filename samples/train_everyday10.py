"""Train `everyday10`, the small classifier that tfviz ships, from scratch.

    python samples/train_everyday10.py                    # about 35 minutes on two cores
    python samples/train_everyday10.py --quick            # a minute: proves that the script runs
    python samples/train_everyday10.py --out tfviz/zoo/data    # put the result into the package

The whole recipe is one compiled `tf.GradientTape` step. It can be stopped at any time: the same
command goes on after the last finished epoch, and because the order of the images and every
augmentation depend only on (seed, epoch, step), it sees exactly the batches it would have seen.

Cost, planned before the first run: 48 M multiply-adds a forward pass, three times that for a
training step, 50,000 images, 40 epochs: 1.2e16 floating-point operations. The wide layers run at
about 200 GFLOP/s on two cores, so 45 seconds an epoch and half an hour in all.

The images come from cifar10.py; what becomes of the trained network stands in finish_everyday10.py.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from cifar10 import CLASSES, find_data, load_split
from finish_everyday10 import finish, predict
from keras import layers


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result, in one place.

    Fourteen epochs more, from a rate of 0.1 and on targets that are half its own probabilities
    ("Born-Again Neural Networks", 2018), made it worse: 84.4 % of the test images, not 85.7.
    """

    epochs: int = 40
    batch_size: int = 256
    peak_rate: float = 0.2
    momentum: float = 0.9
    # Decoupled, as Keras applies it: ten times the usual L2 of 5e-4, since momentum 0.9 does not
    # multiply it by 1 / (1 - 0.9).
    weight_decay: float = 5e-3
    warm_up: float = 0.15
    seed: int = 10

    def __str__(self) -> str:
        return f"{self.epochs} epochs with seed {self.seed}"


def build_model() -> keras.Model:
    """A small residual network: 32x32 RGB in 0..255 to ten probabilities.

    The last feature map is kept at 8x8, coarse enough to mean something and fine enough to show
    where: at 4x4 a heatmap is a blur.
    """

    def conv(x, filters, strides, name):
        x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=f"{name}_conv")(
            x
        )
        x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    def residual(x, filters, name):
        y = conv(x, filters, 1, f"{name}a")
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}b_conv")(y)
        y = layers.BatchNormalization(momentum=0.9, name=f"{name}b_bn")(y)
        return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))

    inputs = keras.Input((32, 32, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0, name="rescale")(inputs)
    x = conv(x, 32, 1, "stem")
    x = conv(x, 64, 2, "down16")
    x = residual(x, 64, "block16")
    x = conv(x, 128, 2, "down8")
    x = residual(x, 128, "block8")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(len(CLASSES), name="logits")(x)
    outputs = layers.Softmax(name="probabilities")(x)
    return keras.Model(inputs, outputs, name="everyday10")


def augment(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirror, shift, zoom and shade each image of a batch by its own random amounts.

    Args:
        images: (batch, 32, 32, 3) float32 in 0..255.
        seed: two int32; the same seed gives the same images.
    """
    n = tf.shape(images)[0]
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 5))
    mirrored = tf.random.stateless_uniform((n, 1, 1, 1), seeds[0]) < 0.5
    images = tf.where(mirrored, tf.reverse(images, [2]), images)
    size = tf.random.stateless_uniform((n, 1), seeds[1], 0.75, 1.1)
    size = size * tf.exp(tf.random.stateless_uniform((n, 2), seeds[2], -0.1, 0.1))
    # A window smaller than the image moves inside it and up to 3 pixels beyond its edge.
    room = tf.maximum(1.0 - size, 0.0) / 2 + 3 / 32
    centre = 0.5 + tf.random.stateless_uniform((n, 2), seeds[3], -1.0, 1.0) * room
    boxes = tf.concat([centre - size / 2, centre + size / 2], axis=1)
    images = tf.image.crop_and_resize(
        images, boxes, tf.range(n), (32, 32), extrapolation_value=127.5
    )
    gain, shift = tf.unstack(tf.random.stateless_uniform((2, n, 1, 1, 1), seeds[4], -1.0, 1.0))
    return tf.clip_by_value((images - 127.5) * (1 + 0.2 * gain) + 127.5 + 25 * shift, 0, 255)


# ---- training


class Run:
    """One training run that can be left and taken up again after each epoch."""

    def __init__(self, recipe: Recipe, train, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.images, self.labels = train
        keras.utils.set_random_seed(recipe.seed)
        self.model = build_model()
        # Trained on the logits: a softmax followed by a log loses precision.
        self.logits = keras.Model(self.model.inputs, self.model.get_layer("logits").output)
        self.steps = len(self.images) // recipe.batch_size
        self.optimizer = keras.optimizers.SGD(
            recipe.peak_rate, recipe.momentum, nesterov=True, weight_decay=recipe.weight_decay
        )
        self.optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.optimizer.build(self.model.trainable_variables)
        self.epoch = tf.Variable(0, dtype=tf.int64)
        self.manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=self.model, optimizer=self.optimizer, epoch=self.epoch),
            str(folder),
            max_to_keep=2,
        )
        self.manager.restore_or_initialize()

    def rate(self, step: int) -> float:
        """Up in a straight line, then down to zero along a cosine."""
        part = step / (self.recipe.epochs * self.steps)
        if part < self.recipe.warm_up:
            return self.recipe.peak_rate * part / self.recipe.warm_up
        part = (part - self.recipe.warm_up) / (1 - self.recipe.warm_up)
        return self.recipe.peak_rate * 0.5 * (1 + math.cos(math.pi * part))

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 32, 32, 3), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((2,), tf.int32),
        ]
    )
    def step(self, images, labels, seed):
        images = augment(tf.cast(images, tf.float32), seed)
        with tf.GradientTape() as tape:
            logits = self.logits(images, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        hits = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
        return loss, tf.reduce_mean(tf.cast(hits, tf.float32))

    def train_epoch(self) -> tuple[float, float]:
        """One pass over the images; returns the mean loss and accuracy under augmentation."""
        epoch, size = int(self.epoch), self.recipe.batch_size
        order = np.random.default_rng([self.recipe.seed, epoch]).permutation(len(self.images))
        seen = []
        for step in range(self.steps):
            rows = order[step * size : (step + 1) * size]
            self.optimizer.learning_rate = self.rate(epoch * self.steps + step)
            seed = tf.constant([self.recipe.seed, epoch * self.steps + step], tf.int32)
            seen.append(self.step(self.images[rows], self.labels[rows], seed))
        self.epoch.assign_add(1)
        self.manager.save()
        loss, accuracy = np.mean([[float(a), float(b)] for a, b in seen], axis=0)
        return loss, accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with train.tfrecord and test.tfrecord")
    parser.add_argument("--work", default="build/everyday10", help="checkpoints go here")
    parser.add_argument("--out", help="the model goes here; beside the checkpoints by default")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--quick", action="store_true", help="2,000 images, 2 epochs")
    arguments = parser.parse_args()

    folder = find_data(arguments.data)
    train, test = load_split(folder, "train"), load_split(folder, "test")
    recipe = Recipe(epochs=arguments.epochs)
    if arguments.quick:
        recipe = Recipe(epochs=2)
        train, test = (train[0][:2000], train[1][:2000]), (test[0][:500], test[1][:500])
    work = Path(arguments.work) / ("quick" if arguments.quick else f"{recipe.epochs}-epochs")
    run = Run(recipe, train, work)

    while int(run.epoch) < recipe.epochs:
        start = time.perf_counter()
        loss, accuracy = run.train_epoch()
        seconds = time.perf_counter() - start
        epoch = int(run.epoch)
        line = f"epoch {epoch:3d}/{recipe.epochs}  loss {loss:.3f}  accuracy {accuracy:.3f}"
        if epoch % 5 == 0 or epoch == recipe.epochs:
            hits = predict(run.model, test[0]).argmax(axis=1) == test[1]
            line += f"  test {hits.mean():.4f}"
        print(f"{line}  {seconds:.0f} s", flush=True)
    trained = work / "trained.keras"
    run.model.save(trained)
    out = Path(arguments.out) if arguments.out else work
    path = finish(trained, train, test, out, str(recipe), copies=folder is not None)
    print(f"wrote {path} and its card")


if __name__ == "__main__":
    main()
