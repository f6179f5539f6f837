# ids = ["loss.onehot_with_sparse_loss"]
# says = ["The labels of `pairs` are (None, 3)"]
# advises = ["CategoricalCrossentropy(from_logits=True)"]
# never = ["loss='categorical_crossentropy'", "`the labels of"]
# healthy = [["keras.utils.to_categorical(y, 3)", "y"]]
"""The dataset brings one-hot labels, the loss wants numbers."""

import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
y = np.arange(12) % 3
pairs = tf.data.Dataset.from_tensor_slices((x, keras.utils.to_categorical(y, 3))).batch(4)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(pairs, verbose=0)  # <- here
