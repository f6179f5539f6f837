# ids = ["loss.class_count", "loss.target_output_shape", "loss.one_unit_for_classes"]
# says = ["`y`", "(12, 2)", "1 unit"]
# healthy = [["keras.layers.Dense(1, activation=\"sigmoid\")", "keras.layers.Dense(2, activation=\"sigmoid\")"]]
"""Two columns of labels, one unit."""

import keras
import numpy as np

x = np.random.default_rng(0).random((12, 4))
y = keras.utils.to_categorical(np.arange(12) % 2)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=1, verbose=0)  # <- here
