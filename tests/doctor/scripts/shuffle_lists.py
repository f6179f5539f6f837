# ids = ["data.cardinality", "data.unrecognized_type", "data.cardinality.list_of_samples"]
# says = ["`images`"]
# healthy = [["model.fit(images, labels,", "model.fit(np.array(images), np.array(labels),"]]
"""Pictures in a list."""

import keras
import numpy as np

images = [np.zeros((8, 8, 1), "float32") for _ in range(6)]
labels = [0, 1] * 3

model = keras.Sequential(
    [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile("adam", "binary_crossentropy")
model.fit(images, labels, epochs=1, verbose=0)  # <- here
