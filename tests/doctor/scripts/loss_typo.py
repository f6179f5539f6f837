# ids = ["keras.unknown_identifier"]
# says = []
# healthy = [["\"categorical_cross_entropy\"", "\"categorical_crossentropy\""]]
"""A typo in the name of the loss."""

import keras
import numpy as np


def compiled(loss):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer="adam", loss=loss)
    return model


x, y = np.zeros((6, 2)), np.eye(3)[[0, 1, 2, 0, 1, 2]]
model = compiled("categorical_cross_entropy")
model.fit(x, y, verbose=0)  # <- here
