# ids = ["autodiff.no_gradients"]
# says = ["np.asarray(guess)"]
# never = ["np.asarray(truth)"]
# healthy = [["np.asarray(truth) - np.asarray(guess)", "truth - guess"]]
"""A loss that leaves TensorFlow with what the model gave."""

import keras
import numpy as np
import tensorflow as tf

line = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
steps = keras.optimizers.SGD(0.1)


def distance(truth, guess):
    apart = np.asarray(truth) - np.asarray(guess)
    return tf.reduce_mean(tf.constant(1.0) * apart**2)


x, y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")
with tf.GradientTape() as tape:
    loss = distance(y, line(x))
slopes = tape.gradient(loss, line.trainable_variables)
steps.apply_gradients(zip(slopes, line.trainable_variables, strict=True))  # <- here
