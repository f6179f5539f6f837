"""A small honest training whose task any photo brings along: which way up is a piece of it?

Crops of the photo, of several sizes, are turned by a quarter, a half, three quarters, or not at
all, and a tiny net with one deformable layer learns to tell which. Nothing says to the offsets
where to go.

Source of the task: S. Gidaris, P. Singh, N. Komodakis, "Unsupervised Representation Learning by
Predicting Image Rotations", 2018.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfviz.image.geometry import place, to_input
from tfviz.layers.deformable import DeformableConv2D

SIDE = 48
BATCH = 32
LAYER = "deformable"
RATE = 2e-3
ASKED = 200


class Trained(NamedTuple):
    """A net that was just trained.

    Attributes:
        model: Takes (batch, height, width, 3) from 0 to 255, in any size.
        accuracy: On crops that it was not trained on; 0.25 is chance.
        steps: How many steps it was trained.
        losses: The loss of each step.
    """

    model: Any
    accuracy: float
    steps: int
    losses: np.ndarray


def build(seed: int) -> Any:
    """Two convolutions, a deformable one, and the answer."""

    def start(number: int) -> Any:
        return keras.initializers.HeNormal(seed=1000 * seed + number)

    inputs = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 64, offset=-2.0)(inputs)
    for number, filters in enumerate((16, 24)):
        x = keras.layers.Conv2D(
            filters,
            3,
            strides=2,
            padding="same",
            activation="relu",
            kernel_initializer=start(number),
        )(x)
    x = DeformableConv2D(
        32,
        3,
        padding="same",
        mask_scale=2.0,
        activation="relu",
        kernel_initializer=start(2),
        name=LAYER,
    )(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    outputs = keras.layers.Dense(4, kernel_initializer=start(3))(x)
    return keras.Model(inputs, outputs, name="which_way_up")


def crops(
    photo: np.ndarray, count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Turned crops (count, SIDE, SIDE, 3) float32 from 0 to 255, and by how many quarters."""
    height, width = photo.shape[:2]
    turned = random.integers(0, 4, count)
    found = np.empty((count, SIDE, SIDE, 3), np.float32)
    for i, quarters in enumerate(turned):
        side = int(random.uniform(0.35, 0.8) * min(height, width))
        top = int(random.integers(0, height - side + 1))
        left = int(random.integers(0, width - side + 1))
        piece = np.ascontiguousarray(photo[top : top + side, left : left + side])
        small = to_input(piece, place(piece.shape[:2], (SIDE, SIDE), "stretch"))
        found[i] = np.rot90(small, quarters)
    return found, turned.astype(np.int32)


def train(photo: np.ndarray, *, steps: int, seed: int) -> Trained:
    """Train the tiny net on one photo.

    Args:
        photo: uint8 RGB of shape (height, width, 3), at least as large as a crop.
        steps: How many steps of 32 crops.
        seed: Equal seeds give equal nets. No global random state is touched.
    """
    random = np.random.default_rng(seed)
    model = build(seed)
    optimizer = keras.optimizers.Adam(RATE)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    losses = [float(step(*map(tf.constant, crops(photo, BATCH, random)))) for _ in range(steps)]
    # Other crops of the same photo: what it knows is this photo and no other.
    asked, labels = crops(photo, ASKED, np.random.default_rng([seed, 1]))
    answers = np.asarray(model(asked, training=False)).argmax(axis=-1)
    return Trained(model, float((answers == labels).mean()), steps, np.asarray(losses))
