# ids = ["shape.broadcast", "loss.lengths_differ", "loss.output_size_differs", "loss.target_output_shape", "numpy.broadcast"]
# says = ["`y_true`", "`y_pred`"]
# healthy = [["keras.layers.Dense(3)", "keras.layers.Dense(2)"]]
"""A loss of our own on two outputs."""

import keras
import numpy as np
import tensorflow as tf


def weighted(y_true, y_pred):
    error = tf.square(y_true - y_pred)  # <- here
    return tf.reduce_mean(error * [1.0, 2.0])


model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
model.compile("adam", weighted)
model.fit(np.zeros((6, 5)), np.zeros((6, 2)), verbose=0)
