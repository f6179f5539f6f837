# ids = ["tf.numpy_in_function", "tf.numpy_method_in_graph"]
# says = ["`y_pred`"]
# healthy = [["np.abs(np.array(y_true) - np.array(y_pred))", "abs(y_true - y_pred)"]]
"""NumPy inside a loss."""

import keras
import numpy as np


def absolute(y_true, y_pred):
    difference = np.abs(np.array(y_true) - np.array(y_pred))  # <- here
    return keras.ops.mean(difference)


model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", absolute)
model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
