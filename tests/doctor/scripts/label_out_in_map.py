# ids = ["loss.label_out_of_range.too_few_units", "loss.label_out_of_range.off_by_one"]
# says = ["label 4", "4 units"]
# healthy = [["keras.layers.Dense(4, name=\"head\")", "keras.layers.Dense(5, name=\"head\")"]]
"""Labels by a table inside tf.data."""

import keras
import numpy as np
import tensorflow as tf

words = np.array(["up", "down", "left", "right", "stop"] * 6)
table = tf.constant(["up", "down", "left", "right", "stop"])
signals = np.random.default_rng(0).normal(size=(30, 9)).astype("float32")


def to_index(signal, word):
    index = tf.argmax(tf.cast(tf.equal(table, word), tf.int32))
    return signal, index


dataset = tf.data.Dataset.from_tensor_slices((signals, words)).map(to_index).batch(10)
model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(4, name="head")])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(optimizer="adam", loss=loss)
model.fit(dataset, epochs=1, verbose=0)  # <- here
