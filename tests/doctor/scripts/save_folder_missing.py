# ids = ["fs.parent_dir_missing"]
# says = ["results"]
# healthy = [["FOLDER = \"results\"", "FOLDER = \".\""]]
"""Metrics of a training, into a file."""

import json
import os

import keras
import numpy as np

FOLDER = "results"
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(loss="mse")
history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


def write(history, name):
    with open(os.path.join(FOLDER, name), "w") as file:  # <- here
        json.dump(history, file)


write(history.history, "history.json")
