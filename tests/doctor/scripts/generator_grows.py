# ids = ["data.generator_signature"]
# says = []
# advises = ["tf.TensorSpec((None,), tf.int64)", "padded_batch"]
# never = ["tf.TensorSpec((None, 3), tf.float32)"]
# healthy = [["3 + i // 4", "3"]]
"""Sentences of several lengths, declared with one."""

import numpy as np
import tensorflow as tf


def sentences():
    for i in range(8):
        yield np.arange(3 + i // 4, dtype="int64")


lines = tf.data.Dataset.from_generator(
    sentences, output_signature=tf.TensorSpec((3,), tf.int64)
).batch(2)
for batch in lines:  # <- here
    print(batch.shape)
