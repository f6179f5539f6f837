"""Small models and data that several of these tests train on."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

FEATURES, CLASSES = 12, 5


def samples(count: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, FEATURES)).astype(np.float32)
    return x, random.integers(0, CLASSES, count)


def batches(size: int = 16, count: int = 200) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(samples(count)).batch(size)


def classifier(*, dropout: float = 0.3, seed: int = 7) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def linear(seed: int = 3) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(2)])


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return [each.numpy() for each in model.variables]


class Seen(keras.callbacks.Callback):
    """Keeps the logs of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: list[dict[str, float]] = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(dict(logs))

    def of(self, name: str) -> np.ndarray:
        return np.array([each[name] for each in self.logs])
