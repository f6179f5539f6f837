# ids = ["cv2.wrong_channels", "cv2.unsupported_depth", "cv2.needs_gray_uint8"]
# says = ["float64"]
# healthy = [["batch = rng.random((40, 40, 3))", "batch = rng.random((40, 40, 3)).astype(\"float32\")"]]
"""Gray from numbers."""

import cv2
import numpy as np

rng = np.random.default_rng(0)
batch = rng.random((40, 40, 3))


def gray_of(picture):
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # <- here


print(gray_of(batch).shape)
