# ids = ["data.object_dtype", "numpy.string_to_float", "data.unrecognized_type", "loss.string_labels"]
# says = ["`labels`", "'cat'"]
# healthy = [["labels = np.array(names)", "labels = np.array([[\"cat\", \"dog\"].index(name) for name in names])"]]
"""Labels as words."""

import keras
import numpy as np

names = ["cat", "dog"] * 8
pixels = np.random.default_rng(0).random((16, 30)).astype("float32")
labels = np.array(names)

model = keras.Sequential(
    [keras.Input((30,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)]
)
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
)
model.fit(pixels, labels, verbose=0)  # <- here
