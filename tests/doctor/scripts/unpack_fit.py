# ids = ["python.unpack", "shape.input_count", "python.too_many_values"]
# says = []
# healthy = [["x, y = load()", "x, y, names = load()"]]
"""A loader that gives three things."""

import keras
import numpy as np


def load():
    return np.zeros((4, 2)), np.zeros((4, 1)), ["a", "b"]


x, y = load()  # <- here
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(x, y, verbose=0)
