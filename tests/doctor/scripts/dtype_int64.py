# ids = ["tf.dtype_mismatch"]
# says = ["`predicted`", "int64", "`labels`", "int32"]
# healthy = [["tf.cast(labels, tf.int32)", "labels"], ["tf.constant(rng.integers(0, 3, 8))", "tf.constant(rng.integers(0, 3, 8))"]]
"""Accuracy by hand."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)


def accuracy(logits, labels):
    predicted = tf.argmax(logits, axis=1)
    labels = tf.cast(labels, tf.int32)
    correct = tf.equal(predicted, labels)  # <- here
    return tf.reduce_mean(tf.cast(correct, tf.float32))


logits = tf.constant(rng.random((8, 3)), tf.float32)
labels = tf.constant(rng.integers(0, 3, 8))
print(float(accuracy(logits, labels)))
