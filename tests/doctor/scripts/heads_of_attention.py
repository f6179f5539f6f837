# ids = ["shape.reshape_size"]
# says = ["`heads` * `each`, 6 * 8 = 48", "50 can't be divided by 6"]
# advises = ["48 or 54"]
# never = ["colour picture"]
# healthy = [["width = 50", "width = 48"]]
"""Queries cut into heads."""

import tensorflow as tf

width = 50
heads = 6
each = width // heads


@tf.function
def cut(queries):
    count, steps = tf.shape(queries)[0], tf.shape(queries)[1]
    return tf.reshape(queries, (count, steps, heads, each))  # <- here


print(cut(tf.ones((2, 7, width))).shape)
