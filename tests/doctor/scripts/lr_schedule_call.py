# ids = ["python.attribute_missing", "keras3.attr_removed"]
# says = ["`history`"]
# healthy = [["history.losses", "history.history[\"loss\"]"]]
"""The losses of a run."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")


def losses(epochs):
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=epochs, verbose=0)
    return history.losses  # <- here


print(losses(2))
