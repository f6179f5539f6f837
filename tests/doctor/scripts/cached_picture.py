# ids = ["cv2.imread_none"]
# says = ["dawn.jpg", "does not exist", "dawn.JPG"]
# healthy = [["name + \".jpg\"", "name + \".JPG\""]]
"""Pictures that are kept once they were read."""

import os
import tempfile

import cv2
import numpy as np


class Shelf:
    def __init__(self, folder):
        self.folder, self.kept = folder, {}

    def __getitem__(self, name):
        if name not in self.kept:
            self.kept[name] = cv2.imread(os.path.join(self.folder, name + ".jpg"))
        return self.kept[name]


def brightness(photo):
    return photo.mean(axis=(0, 1))  # <- here


folder = tempfile.mkdtemp()
cv2.imwrite(os.path.join(folder, "dawn.JPG"), np.full((8, 8, 3), 90, np.uint8))
shelf = Shelf(folder)
print(brightness(shelf["dawn"]))
