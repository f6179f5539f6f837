# ids = ["cv2.size_mismatch", "cv2.type_mismatch"]
# says = ["`gray`", "`colour`"]
# healthy = [["cv2.subtract(colour, gray)", "cv2.subtract(colour, cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR))"]]
"""Background taken off."""

import cv2
import numpy as np

rng = np.random.default_rng(0)
colour = rng.integers(0, 255, (30, 40, 3), np.uint8)
gray = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)


def foreground(colour, gray):
    return cv2.subtract(colour, gray)  # <- here


print(foreground(colour, gray).mean())
