# ids = ["loss.label_out_of_range.pixels_as_labels", "loss.label_out_of_range.too_few_units"]
# says = ["255", "`masks`"]
# healthy = [["* 255).astype(\"int32\")", "* 1).astype(\"int32\")"]]
"""Masks of 0 and 255 as classes."""

import keras
import numpy as np

rng = np.random.default_rng(0)
photos = rng.random((4, 8, 8, 3)).astype("float32")
masks = ((rng.random((4, 8, 8)) > 0.5) * 255).astype("int32")

inputs = keras.Input((8, 8, 3))
outputs = keras.layers.Conv2D(2, 3, padding="same", activation="softmax")(inputs)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(photos, masks, batch_size=2, verbose=0)  # <- here
