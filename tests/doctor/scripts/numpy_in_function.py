# ids = ["tf.numpy_method_in_graph", "tf.numpy_in_function"]
# says = ["`mean`"]
# healthy = [["mean.numpy()", "mean"]]
"""Centred batches."""

import tensorflow as tf


def centre(batch):
    mean = tf.reduce_mean(batch, axis=0)
    return batch - mean.numpy()  # <- here


@tf.function
def step(batch):
    return tf.reduce_sum(centre(batch) ** 2)


data = tf.data.Dataset.from_tensor_slices(tf.random.normal((12, 3), seed=1)).batch(4)
for batch in data:
    print(float(step(batch)))
