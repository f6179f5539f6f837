# ids = ["loss.class_count"]
# says = ["(None, 3)", "2 units"]
# healthy = [["Dense(2, activation", "Dense(3, activation"]]
"""A dataset of folders, with one folder more than thought."""

import os

import keras
import numpy as np
from PIL import Image

rng = np.random.default_rng(0)
for kind in ("cats", "dogs", "horses"):
    os.makedirs(f"photos/{kind}")
    for number in range(3):
        pixels = rng.integers(0, 255, (12, 12, 3), np.uint8)
        Image.fromarray(pixels).save(f"photos/{kind}/{number}.png")

train = keras.utils.image_dataset_from_directory(
    "photos", label_mode="categorical", image_size=(12, 12), batch_size=3, verbose=False
)


def classifier():
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


classifier().fit(train, epochs=1, verbose=0)  # <- here
