# ids = ["cv2.imread_none"]
# says = ["'leaf3.png'", "`picture` is None"]
# healthy = [["\"leaf3.png\"]", "\"leaf2.png\"]"]]
"""Brightness of several pictures that are read first."""

import cv2
import numpy as np

for number in range(3):
    cv2.imwrite(f"leaf{number}.png", np.full((6, 6, 3), 40 * number, np.uint8))


def load(names):
    return {name: cv2.imread(name) for name in names}


def brightness(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[..., 2].mean()  # <- here


def report(pictures):
    for name, picture in pictures.items():
        print(name, brightness(picture))


report(load(["leaf0.png", "leaf1.png", "leaf3.png"]))
