# ids = ["data.no_images_found"]
# says = ["2 folders ('day' and 'night')", "4 files .tif"]
# healthy = [["{i}.tif", "{i}.png"]]
"""Pictures by class, in a format that Keras doesn't read."""

import os

import keras
import numpy as np
from PIL import Image

for kind in ("day", "night"):
    os.makedirs(f"sky/{kind}")
    for i in range(2):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(f"sky/{kind}/{i}.tif")


def load(top):
    return keras.utils.image_dataset_from_directory(top, image_size=(8, 8))  # <- here


print(load("sky").class_names)
