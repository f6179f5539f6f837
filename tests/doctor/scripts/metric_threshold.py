# ids = ["shape.broadcast", "loss.lengths_differ", "loss.target_output_shape"]
# says = ["`weights`"]
# healthy = [["keras.ops.array([1.0, 2.0, 3.0])", "keras.ops.array([1.0, 2.0])"]]
"""A weighted loss as a class."""

import keras
import numpy as np


class Weighted(keras.losses.Loss):
    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def call(self, y_true, y_pred):
        weights = self.weights
        error = keras.ops.square(y_pred - y_true)
        return keras.ops.mean(error * weights, axis=-1)  # <- here


model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile("adam", Weighted(keras.ops.array([1.0, 2.0, 3.0])))
model.fit(np.zeros((6, 4)), np.zeros((6, 2)), verbose=0)
