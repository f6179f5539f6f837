# ids = ["train.check_numerics", "train.loss_nan"]
# says = ["`x`", "infinite"]
# healthy = [["np.log(values)", "np.log(values + 1)"]]
"""A check of the numbers of a forward pass."""

import numpy as np
import tensorflow as tf

values = np.arange(12, dtype="float32").reshape(4, 3)
with np.errstate(divide="ignore"):
    features = np.log(values)


def forward(x):
    w = tf.ones((3, 2))
    return tf.debugging.check_numerics(tf.matmul(x, w), "forward pass")  # <- here


print(forward(tf.constant(features)).shape)
