# ids = ["keras2.predict_classes_removed", "keras3.generator_methods_removed", "keras.model_method_missing"]
# says = []
# healthy = [["self.model.predict_proba(rows)", "self.model.predict(rows, verbose=0)"]]
"""Probabilities, the old way."""

import keras
import numpy as np


class Scorer:
    def __init__(self):
        self.model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")]
        )

    def score(self, rows):
        return self.model.predict_proba(rows)[:, 0]  # <- here


print(Scorer().score(np.zeros((2, 4))))
