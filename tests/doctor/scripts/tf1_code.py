# ids = ["tf1.api_removed", "tf1.placeholder_eager"]
# says = []
# healthy = [["tf.placeholder(tf.float32, [None, 2])", "tf.ones((3, 2))"]]
"""A script from years ago."""

import tensorflow as tf


def inputs():
    return tf.placeholder(tf.float32, [None, 2])  # <- here


x = inputs()
w = tf.Variable(tf.ones((2, 1)))
print((x @ w).shape)
