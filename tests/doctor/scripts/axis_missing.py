# ids = ["numpy.axis_out_of_bounds"]
# says = ["`scores`", "(9,)", "axis 1"]
# healthy = [["scores.max(axis=-1)", "scores"]]
"""Predicted classes."""

import numpy as np


def predict(samples, classes=5):
    rng = np.random.default_rng(len(samples))
    return rng.random((len(samples), classes))


def decide(scores):
    return np.argmax(scores, axis=1)  # <- here


samples = np.zeros((9, 4))
scores = predict(samples)
classes = decide(scores.max(axis=-1))
print(classes)
