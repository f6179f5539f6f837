# ids = ["python.key_missing", "shape.input_names"]
# says = ["'image'", "'img'"]
# healthy = [["batch[\"image\"]", "batch[\"img\"]"]]
"""Batches as dictionaries."""

import numpy as np
import tensorflow as tf

rows = {"img": np.zeros((6, 4, 4, 1), "float32"), "label": np.arange(6)}
dataset = tf.data.Dataset.from_tensor_slices(rows).batch(3)


def mean_of(batch):
    return tf.reduce_mean(batch["image"])  # <- here


for batch in dataset:
    print(float(mean_of(batch)))
