# ids = ["shape.einsum", "shape.matmul_sizes", "numpy.matmul_sizes", "shape.broadcast"]
# says = ["`keys`"]
# healthy = [["tf.ones((2, 6, 5))", "tf.ones((2, 6, 4))"]]
"""Attention scores by einsum."""

import tensorflow as tf


def scores(queries, keys):
    return tf.einsum("bqd,bkd->bqk", queries, keys)  # <- here


queries, keys = tf.ones((2, 3, 4)), tf.ones((2, 6, 5))
print(scores(queries, keys).shape)
