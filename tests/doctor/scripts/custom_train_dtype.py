# ids = ["tf.dtype_mismatch"]
# says = ["`y`", "`prediction`"]
# healthy = [["rng.integers(0, 2, (8, 1))", "rng.random((8, 1)).astype(\"float32\")"]]
"""A loss by hand, with whole numbers as labels."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
x = tf.constant(rng.random((8, 3)), tf.float32)
y = tf.constant(rng.integers(0, 2, (8, 1)))
w = tf.Variable(tf.ones((3, 1)))


@tf.function
def loss_of(x, y):
    prediction = tf.sigmoid(x @ w)
    return tf.reduce_mean((prediction - y) ** 2)  # <- here


print(float(loss_of(x, y)))
