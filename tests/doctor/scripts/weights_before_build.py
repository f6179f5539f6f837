# ids = ["load.weights_before_build", "load.layer_variables_missing", "load.layer_count_mismatch"]
# says = []
# healthy = [["    model = net()\n    model.load_weights", "    model = net()\n    model.build((None, 4))\n    model.load_weights"]]
"""Weights into a model that has none yet."""

import keras
import numpy as np


def net():
    return keras.Sequential([keras.layers.Dense(3, name="a"), keras.layers.Dense(2, name="b")])


def save(path):
    model = net()
    model(np.zeros((1, 4), "float32"))
    model.save_weights(path)


def load(path):
    model = net()
    model.load_weights(path)  # <- here
    return model


save("net.weights.h5")
print(len(load("net.weights.h5").weights))
