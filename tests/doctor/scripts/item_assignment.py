# ids = ["tf.tensor_item_assignment"]
# says = []
# healthy = [["    image = tf.constant(image)\n", ""]]
"""A black corner."""

import numpy as np
import tensorflow as tf


def corner(image, size):
    image = tf.constant(image)
    image[:size, :size] = 0.0  # <- here
    return image


print(np.asarray(corner(np.ones((6, 6), "float32"), 2)).sum())
