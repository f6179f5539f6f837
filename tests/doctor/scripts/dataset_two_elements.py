# ids = ["python.argument_count"]
# says = []
# healthy = [["def scale(image):", "def scale(image, label):"], ["    return image / 255.0", "    return image / 255.0, label"]]
"""A map function for the images alone, on pairs."""

import numpy as np
import tensorflow as tf

pairs = tf.data.Dataset.from_tensor_slices((np.zeros((4, 6, 6, 1)), np.arange(4)))


def scale(image):
    return image / 255.0


dataset = pairs.map(scale).batch(2)  # <- here
print(len(list(dataset)))
