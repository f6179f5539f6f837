# ids = ["keras3.generator_methods_removed"]
# says = []
# healthy = [["model.fit_generator(", "model.fit("]]
"""Training from a generator, the old way."""

import keras
import numpy as np


def batches(size):
    rng = np.random.default_rng(0)
    while True:
        x = rng.random((size, 4)).astype("float32")
        yield x, x.sum(axis=1, keepdims=True)


model = keras.models.Sequential()
model.add(keras.layers.Input((4,)))
model.add(keras.layers.Dense(1))
model.compile(optimizer="sgd", loss="mse")
model.fit_generator(batches(8), steps_per_epoch=3, epochs=1, verbose=0)  # <- here
