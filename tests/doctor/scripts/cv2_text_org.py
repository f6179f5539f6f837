# ids = ["cv2.integer_arguments", "cv2.not_an_array", "cv2.unsupported_depth"]
# says = ["`where`"]
# healthy = [["where = np.array([4.0, 9.0])", "where = (4, 9)"]]
"""A word on a picture."""

import cv2
import numpy as np

canvas = np.zeros((20, 60, 3), np.uint8)
where = np.array([4.0, 9.0])


def label(canvas, text):
    cv2.putText(canvas, text, where, cv2.FONT_HERSHEY_PLAIN, 1, (255, 255, 255))  # <- here
    return canvas


print(label(canvas, "cat").max())
