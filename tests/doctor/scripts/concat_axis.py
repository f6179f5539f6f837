# ids = ["shape.concatenate_mismatch", "numpy.concatenate_shapes"]
# says = ["axis 1", "`images`", "10", "12", "`noise`"]
# healthy = [["axis=0)  # <- here", "axis=1)"]]
"""Real and generated rows in one batch."""

import numpy as np
import tensorflow as tf


def make_batch(images, noise):
    mixed = tf.concat([images, noise], axis=0)  # <- here
    return tf.random.shuffle(mixed, seed=0)


images = tf.constant(np.random.default_rng(0).random((32, 10)), tf.float32)
noise = tf.random.normal((32, 12))
batch = make_batch(images, noise)
print(batch.shape)
