# ids = ["loss.class_count"]
# says = ["5", "4 units"]
# healthy = [["keras.layers.Dense(len(CLASSES) - 1, activation", "keras.layers.Dense(len(CLASSES), activation"]]
"""Weather in words."""

import keras
import numpy as np

CLASSES = ["sun", "rain", "snow", "fog", "wind"]
rng = np.random.default_rng(2)
index = rng.integers(0, len(CLASSES), 40)
onehot = np.eye(len(CLASSES), dtype="float32")[index]
measures = rng.normal(size=(40, 7)).astype("float32")

model = keras.Sequential()
model.add(keras.Input((7,)))
model.add(keras.layers.Dense(16, activation="relu"))
model.add(keras.layers.Dense(len(CLASSES) - 1, activation="softmax"))
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])


def run(epochs):
    return model.fit(measures, onehot, epochs=epochs, batch_size=8, verbose=0)  # <- here


run(2)
