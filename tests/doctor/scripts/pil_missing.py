# ids = ["fs.file_missing"]
# says = ["imgs/dog1.jpg", "dog.jpg"]
# healthy = [["\"dog1.jpg\"", "\"dog.jpg\""]]
"""One photo for a network."""

import os

import keras
from PIL import Image

os.makedirs("imgs", exist_ok=True)
Image.new("RGB", (40, 30), (9, 90, 200)).save("imgs/dog.jpg")


def load(name, size=(16, 16)):
    path = os.path.join("imgs", name)
    image = keras.utils.load_img(path, target_size=size)  # <- here
    return keras.utils.img_to_array(image)


print(load("dog1.jpg").shape)
