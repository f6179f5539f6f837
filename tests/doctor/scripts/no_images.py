# ids = ["data.no_images_found"]
# says = []
# healthy = [["os.makedirs(\"data\", exist_ok=True)", "os.makedirs(\"data/one\", exist_ok=True)\nImage.new(\"RGB\", (9, 9)).save(\"data/one/a.png\")"]]
"""Pictures right in the folder, without one folder a class."""

import os

import keras
from PIL import Image

os.makedirs("data", exist_ok=True)
for number in range(3):
    Image.new("RGB", (9, 9)).save(f"data/{number}.png")


def dataset(folder):
    return keras.utils.image_dataset_from_directory(  # <- here
        folder, image_size=(9, 9), batch_size=2
    )


for images, labels in dataset("data"):
    print(images.shape, labels.shape)
