# ids = ["shape.wrong_image_size", "shape.flatten_size_changed", "shape.dense_last_axis"]
# says = ["20", "16"]
# healthy = [["image_size=(20, 20)", "image_size=(16, 16)"]]
"""A dataset with another image size than the model has."""

import os

import keras
import numpy as np
from PIL import Image

for kind in ("a", "b"):
    os.makedirs(f"set/{kind}")
    for number in range(2):
        Image.fromarray(np.zeros((24, 24, 3), np.uint8)).save(f"set/{kind}/{number}.png")

data = keras.utils.image_dataset_from_directory(
    "set", image_size=(20, 20), batch_size=2, verbose=False
)
model = keras.Sequential(
    [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
)
model.compile("adam", "binary_crossentropy")


def train(model, data):
    model.fit(data, verbose=0)  # <- here


train(model, data)
