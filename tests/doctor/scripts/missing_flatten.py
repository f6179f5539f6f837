# ids = ["loss.missing_flatten"]
# says = ["(None, 10, 10, 5)", "Flatten"]
# healthy = [["keras.layers.Conv2D(8, 3, activation=\"relu\"),", "keras.layers.Conv2D(8, 3, activation=\"relu\"),\n        keras.layers.Flatten(),"]]
"""A small convolutional classifier."""

import keras
import numpy as np

x = np.random.default_rng(0).random((20, 12, 12, 3)).astype("float32")
y = keras.utils.to_categorical(np.arange(20) % 5)

model = keras.Sequential(
    [
        keras.Input((12, 12, 3)),
        keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.Dense(5, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="categorical_crossentropy")
model.fit(x, y, batch_size=5, verbose=0)  # <- here
