# ids = ["cv2.resize_zero_target"]
# says = ["`size`", "(0, 2)"]
# healthy = [["scale = 0.1", "scale = 0.5"]]
"""Small previews."""

import cv2
import numpy as np


def preview(image, scale):
    size = (int(image.shape[1] * scale), int(image.shape[0] * scale))
    return cv2.resize(image, size)  # <- here


scale = 0.1
print(preview(np.zeros((20, 8, 3), np.uint8), scale).shape)
