# ids = ["loss.label_out_of_range.too_few_units", "loss.label_out_of_range.off_by_one"]
# says = ["label 10", "10 units", "`y_train`"]
# healthy = [["rng.integers(0, 11, size=count)", "rng.integers(0, 10, size=count)"]]
"""Digits with a class for 'no digit'."""

import keras
import numpy as np

rng = np.random.default_rng(0)


def make_digits(count):
    pictures = rng.random((count, 12, 12, 1), dtype="float32")
    labels = rng.integers(0, 11, size=count)
    return pictures, labels


def build_model():
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, activation="softmax", name="digits"),
        ]
    )


def train(model, x_train, y_train):
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model.fit(x_train, y_train, batch_size=16, epochs=1, verbose=0)  # <- here


x, y = make_digits(64)
history = train(build_model(), x, y)
print("last loss", history.history["loss"][-1])
