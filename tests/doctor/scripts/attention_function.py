# ids = ["shape.matmul_sizes", "shape.broadcast"]
# says = ["`query`", "`key`"]
# healthy = [["tf.matmul(query, key)", "tf.matmul(query, key, transpose_b=True)"]]
"""Dot-product attention, compiled."""

import tensorflow as tf


def scores(query, key):
    logits = tf.matmul(query, key)  # <- here
    return tf.nn.softmax(logits / tf.sqrt(8.0))


@tf.function
def attend(query, key, value):
    return tf.matmul(scores(query, key), value)


query = tf.random.normal((2, 5, 8))
key = tf.random.normal((2, 7, 8))
print(attend(query, key, key).shape)
