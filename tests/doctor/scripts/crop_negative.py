# ids = ["cv2.empty_crop"]
# says = ["`roi`"]
# healthy = [["x, y, w, h = -6, 4, 5, 8", "x, y, w, h = 6, 4, 5, 8"]]
"""The part of a frame that a detector found."""

import cv2
import numpy as np


class Detector:
    def boxes(self, frame):
        x, y, w, h = -6, 4, 5, 8
        return [(x, y, w, h)]


def gray_parts(frame, detector):
    parts = []
    for x, y, w, h in detector.boxes(frame):
        roi = frame[y : y + h, x - 30 : x + w - 30]
        parts.append(cv2.cvtColor(roi, cv2.COLOR_BGR2GRAY))  # <- here
    return parts


def main():
    frame = np.zeros((40, 20, 3), np.uint8)
    print(len(gray_parts(frame, Detector())))


main()
