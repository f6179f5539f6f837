# ids = ["cv2.imread_none"]
# says = ["faces/bob.png", "bob.jpg"]
# healthy = [["f\"{name}.png\"", "f\"{name}.jpg\""]]
"""Two faces side by side, read by a helper."""

import os

import cv2
import numpy as np

BASE = "faces"


def read_face(name):
    path = os.path.join(BASE, f"{name}.png")
    return cv2.imread(path)


class Pair:
    def __init__(self, left, right):
        self.left = read_face(left)
        self.right = read_face(right)

    def joined(self):
        height = self.left.shape[0]  # <- here
        return np.hstack([self.left, cv2.resize(self.right, (height, height))])


os.makedirs(BASE)
for name in ("bob", "eve"):
    cv2.imwrite(f"{BASE}/{name}.jpg", np.zeros((10, 10, 3), np.uint8))
print(Pair("bob", "eve").joined().shape)
