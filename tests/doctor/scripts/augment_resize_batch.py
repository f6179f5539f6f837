# ids = ["cv2.wrong_channels", "cv2.too_many_dims", "cv2.not_an_array", "cv2.unsupported_depth", "cv2.size_mismatch"]
# says = ["(4, 16, 16, 3)"]
# healthy = [["to_gray(batch)", "to_gray(batch[0])"]]
"""A whole batch into OpenCV."""

import cv2
import numpy as np


def to_gray(image):
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)  # <- here


batch = np.zeros((4, 16, 16, 3), np.uint8)
print(to_gray(batch).shape)
