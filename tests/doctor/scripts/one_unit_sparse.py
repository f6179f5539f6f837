# ids = ["loss.one_unit_for_classes", "loss.label_out_of_range.one_unit"]
# says = ["1 unit"]
# healthy = [["keras.layers.Dense(1, activation=\"softmax\")", "keras.layers.Dense(4, activation=\"softmax\")"]]
"""One unit for four classes."""

import keras
import numpy as np

x = np.random.default_rng(0).random((20, 5)).astype("float32")
y = np.arange(20) % 4
model = keras.Sequential(
    [keras.Input((5,)), keras.layers.Dense(6), keras.layers.Dense(1, activation="softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy")
for epoch in range(2):
    for start in range(0, 20, 5):
        model.train_on_batch(x[start : start + 5], y[start : start + 5])  # <- here
