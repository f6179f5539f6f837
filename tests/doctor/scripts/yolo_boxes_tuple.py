# ids = ["cv2.integer_arguments"]
# says = ["`center`"]
# healthy = [["center = (width / 2, height / 2)", "center = (width // 2, height // 2)"]]
"""A dot in the middle of a frame."""

import cv2
import numpy as np


def mark(frame, radius=4):
    height, width = frame.shape[:2]
    center = (width / 2, height / 2)
    cv2.circle(frame, center, radius, (0, 255, 0), -1)  # <- here
    return frame


canvas = np.zeros((50, 80, 3), np.uint8)
print(mark(canvas).max())
