# ids = ["keras.history_key_acc", "keras.history_no_validation"]
# says = ["`accuracy`"]
# healthy = [["history[\"acc\"]", "history[\"accuracy\"]"]]
"""Accuracy over the epochs."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.random((40, 5)), rng.integers(0, 2, 40)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", metrics=["accuracy"])


def best(history):
    scores = history["acc"]  # <- here
    epoch = int(np.argmax(scores))
    return epoch, scores[epoch]


run = model.fit(x, y, epochs=2, verbose=0)
print("best epoch %d: %.2f" % best(run.history))
