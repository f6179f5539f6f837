# ids = ["data.object_dtype", "numpy.string_to_float", "loss.string_labels"]
# says = ["`y`", "'dog'"]
# healthy = [["np.array(names)[:, None]", "(np.array(names) == \"dog\")[:, None].astype(\"float32\")"]]
"""Words as labels of a two-class net."""

import keras
import numpy as np

names = ["dog", "cat", "dog", "cat"]
x = np.zeros((4, 3), "float32")
y = np.array(names)[:, None]


class Experiment:
    def __init__(self):
        self.net = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")]
        )
        self.net.compile("sgd", "binary_crossentropy")

    def run(self, x, y):
        return self.net.fit(x, y, verbose=0)  # <- here


Experiment().run(x, y)
