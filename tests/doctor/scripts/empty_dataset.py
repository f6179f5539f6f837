# ids = ["data.zero_batches"]
# says = ["`batches`", "0"]
# healthy = [["batch(64, drop_remainder=True)", "batch(8, drop_remainder=True)"]]
"""Predict on what is left."""

import keras
import numpy as np
import tensorflow as tf

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
rows = np.random.default_rng(0).random((20, 3)).astype("float32")


def pipeline(rows):
    dataset = tf.data.Dataset.from_tensor_slices(rows)
    return dataset.batch(64, drop_remainder=True)


batches = pipeline(rows)
scores = model.predict(batches, verbose=0)  # <- here
print(scores.shape)
