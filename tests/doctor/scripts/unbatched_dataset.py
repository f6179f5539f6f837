# ids = ["shape.sample_without_batch", "shape.missing_batch_dim"]
# says = ["(12, 12, 3)", "`dataset`", "batch"]
# healthy = [["slices((images, labels))", "slices((images, labels)).batch(4)"]]
"""Fit on a dataset."""

import keras
import numpy as np
import tensorflow as tf

images = np.random.default_rng(0).random((16, 12, 12, 3)).astype("float32")
labels = np.arange(16) % 2


def network():
    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


dataset = tf.data.Dataset.from_tensor_slices((images, labels))
network().fit(dataset, epochs=1, verbose=0)  # <- here
