# ids = ["cv2.imread_none"]
# says = ["c.png"]
# healthy = [["[\"a.png\", \"b.png\", \"c.png\"]", "[\"a.png\", \"b.png\"]"]]
"""Normalised images of a list of names."""

import cv2
import numpy as np

for name in ("a.png", "b.png"):
    cv2.imwrite(name, np.full((6, 6, 3), 100, np.uint8))


def normalise(img):
    img = img / 255.0  # <- here
    return (img - 0.5) / 0.5


names = ["a.png", "b.png", "c.png"]
data = [normalise(cv2.imread(name)) for name in names]
print(np.array(data).shape)
