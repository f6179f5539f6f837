# ids = ["shape.matmul_sizes"]
# says = ["`ask` is (2, 5, 8) and `tell` is (2, 5, 8)"]
# advises = ["tf.matmul(ask, tell, transpose_b=True)", "second-last"]
# never = ["first axis of the second"]
# healthy = [["tf.matmul(ask, tell)", "tf.matmul(ask, tell, transpose_b=True)"]]
"""Attention by hand."""

import tensorflow as tf


def weights(ask, tell):
    return tf.nn.softmax(tf.matmul(ask, tell))  # <- here


words = tf.random.normal((2, 5, 8))
print(weights(words, words).shape)
