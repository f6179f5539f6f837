# ids = ["data.generator_signature"]
# says = []
# healthy = [["tf.TensorSpec((3,), tf.float32)", "tf.TensorSpec((4,), tf.float32)"]]
"""A generator whose items aren't as it was said."""

import numpy as np
import tensorflow as tf


def samples():
    rng = np.random.default_rng(0)
    for index in range(6):
        yield rng.random(4).astype("float32"), np.int32(index % 2)


signature = (tf.TensorSpec((3,), tf.float32), tf.TensorSpec((), tf.int32))
dataset = tf.data.Dataset.from_generator(samples, output_signature=signature)
for x, y in dataset.batch(2):  # <- here
    print(x.shape, y.numpy())
