# ids = ["cv2.imread_none"]
# says = ["cat_2.jpg", "cat_02.jpg"]
# healthy = [["f\"cat_{number}.jpg\"", "f\"cat_{number:02d}.jpg\""]]
"""Thumbnails of numbered pictures."""

import os

import cv2
import numpy as np

FOLDER = "pictures"


def write_samples():
    os.makedirs(FOLDER, exist_ok=True)
    for number in range(1, 5):
        picture = np.full((40, 60, 3), 40 * number, np.uint8)
        cv2.imwrite(os.path.join(FOLDER, f"cat_{number:02d}.jpg"), picture)


def load(number):
    path = os.path.join(FOLDER, f"cat_{number}.jpg")
    image = cv2.imread(path)
    return prepare(image)


def prepare(image):
    small = cv2.resize(image, (20, 20))  # <- here
    return small.astype("float32") / 255.0


write_samples()
thumbnails = [load(number) for number in (2, 3)]
print(np.stack(thumbnails).shape)
