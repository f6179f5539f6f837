# ids = ["tf.none_to_tensor", "python.none_attribute", "data.unrecognized_type"]
# says = ["None"]
# healthy = [["    labels.sort()\n", "    labels.sort()\n    return labels\n"]]
"""Labels that get lost."""

import numpy as np
import tensorflow as tf


def sorted_labels(labels):
    labels.sort()


values = sorted_labels([3, 1, 2])
tensor = tf.constant(values, dtype=tf.int32)  # <- here
print(np.asarray(tensor))
