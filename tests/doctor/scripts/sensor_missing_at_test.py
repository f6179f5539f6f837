# ids = ["shape.dense_last_axis"]
# says = ["`windows` is (5, 12, 3)", "(None, 12, 4)"]
# never = ["transpose_b"]
# healthy = [["series[:, :, :3]", "series[:, :, :4]"]]
"""Trained on four sensors, tested on three."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((12, 4)), keras.layers.LSTM(6), keras.layers.Dense(1)])
model.compile("sgd", "mse")
series = np.random.default_rng(0).normal(size=(5, 12, 4))
model.fit(series, np.zeros((5, 1)), verbose=0)


def check(series):
    windows = series[:, :, :3]
    return model.evaluate(windows, np.zeros((5, 1)), verbose=0)  # <- here


print(check(series))
