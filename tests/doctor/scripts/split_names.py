# ids = ["data.cardinality"]
# says = ["`images`", "10", "`labels`", "9"]
# healthy = [["labels = labels[1:]", "labels = labels[:]"]]
"""Evaluate on pictures and labels from two files."""

import keras
import numpy as np

np.save("images.npy", np.zeros((10, 4, 4, 1), "float32"))
np.save("labels.npy", np.arange(10) % 2)


def load():
    images = np.load("images.npy")
    labels = np.load("labels.npy")
    labels = labels[1:]  # the header
    return images, labels


def main():
    model = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    images, labels = load()
    print(model.evaluate(images, labels, verbose=0))  # <- here


main()
