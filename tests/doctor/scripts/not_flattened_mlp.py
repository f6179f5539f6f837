# ids = ["shape.not_flattened", "shape.dense_last_axis", "shape.missing_flatten", "shape.too_many_dims"]
# says = ["`x`", "(16, 8, 8)"]
# healthy = [["x = digits()", "x = digits().reshape(16, -1)"]]
"""A plain network on pictures."""

import keras
import numpy as np


def digits():
    return np.random.default_rng(0).random((16, 8, 8))


x = digits()
y = np.arange(16) % 10
model = keras.Sequential(
    [keras.Input((64,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10)]
)
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, verbose=0)  # <- here
