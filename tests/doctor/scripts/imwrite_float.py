# ids = ["python.none_attribute"]
# says = ["`result`"]
# healthy = [["def blur(image):\n    cv2.GaussianBlur", "def blur(image):\n    return cv2.GaussianBlur"]]
"""A blurred picture, written to a file."""

import cv2
import numpy as np


def blur(image):
    cv2.GaussianBlur(image, (5, 5), 0)


image = np.zeros((20, 20, 3), np.uint8)
result = blur(image)
cv2.imwrite("blurred.png", result)  # <- here
