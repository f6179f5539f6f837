# ids = ["loss.label_out_of_range.too_few_units", "loss.label_out_of_range.off_by_one"]
# says = ["`labels`", "2 units"]
# healthy = [["keras.layers.Dense(2, activation=\"softmax\")", "keras.layers.Dense(3, activation=\"softmax\")"]]
"""One class for each folder; a folder that wasn't expected."""

import os

import cv2
import keras
import numpy as np

for folder in ("cats", "dogs", ".cache"):
    os.makedirs(f"animals/{folder}")
    for number in range(4):
        cv2.imwrite(f"animals/{folder}/{number}.png", np.zeros((10, 10, 3), np.uint8))


def load(root):
    images, labels = [], []
    for index, folder in enumerate(sorted(os.listdir(root))):
        for name in os.listdir(os.path.join(root, folder)):
            images.append(cv2.imread(os.path.join(root, folder, name)))
            labels.append(index)
    return np.array(images) / 255.0, np.array(labels)


def train(images, labels):
    model = keras.Sequential(
        [
            keras.Input((10, 10, 3)),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, epochs=1, verbose=0)  # <- here


train(*load("animals"))
