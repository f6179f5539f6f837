# ids = ["env.no_gpu_listed"]
# says = ["empty"]
# healthy = [["tf.config.experimental.set_memory_growth(gpus[0], True)  # <- here", "pass"]]
"""Memory of the GPU."""

import tensorflow as tf


def setup():
    gpus = tf.config.list_physical_devices("GPU")
    tf.config.experimental.set_memory_growth(gpus[0], True)  # <- here


setup()
print(tf.reduce_sum(tf.ones(3)))
