# ids = ["tf.dtype_mismatch"]
# says = ["`weights`", "float64", "`x`", "float32"]
# healthy = [["np.array([0.2, 0.3, 0.5])", "np.array([0.2, 0.3, 0.5], \"float32\")"]]
"""A weighted sum, with weights from NumPy."""

import numpy as np
import tensorflow as tf

weights = tf.constant(np.array([0.2, 0.3, 0.5]))


@tf.function
def combine(x):
    return tf.reduce_sum(x * weights, axis=-1)  # <- here


x = tf.random.normal((4, 3))
print(combine(x).shape)
