"""A small model that has made a few steps, and what its variables hold."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def build(units=8, seed=0, optimizer="adam", name=None):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3),
        ],
        name=name,
    )
    optimizer = keras.optimizers.get(optimizer)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def trained(steps=3, **options):
    """A model that has made a few steps, so that nothing is as it was at first."""
    model, optimizer = build(**options)
    x = np.random.default_rng(steps).normal(size=(16, 6)).astype("float32")
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    return model, optimizer


def values(*owners):
    return [np.asarray(v) for owner in owners for v in owner.variables]


def equal(first, second):
    pairs = zip(first, second, strict=True)
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in pairs)


def tree(folder):
    """Every file below a folder with its content."""
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()
    }
