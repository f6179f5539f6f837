# ids = ["cv2.imread_none"]
# says = ["masks/1.png", "1_mask.png"]
# healthy = [["image_path.replace(\"images\", \"masks\")", "image_path.replace(\"images\", \"masks\").replace(\".png\", \"_mask.png\")"]]
"""Pictures with their masks."""

import glob
import os

import cv2
import numpy as np


def make():
    for kind, suffix in (("images", ""), ("masks", "_mask")):
        os.makedirs(kind)
        for number in range(1, 4):
            cv2.imwrite(f"{kind}/{number}{suffix}.png", np.ones((12, 12), np.uint8))


class Pairs:
    def __init__(self, folder):
        self.paths = sorted(glob.glob(f"{folder}/*.png"))

    def __iter__(self):
        for image_path in self.paths:
            image = cv2.imread(image_path, 0)
            mask_path = image_path.replace("images", "masks")
            mask = cv2.imread(mask_path, 0)
            yield image / 255.0, mask.astype("float32")  # <- here


make()
print(sum(float(mask.mean()) for image, mask in Pairs("images")))
