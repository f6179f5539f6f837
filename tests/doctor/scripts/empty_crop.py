# ids = ["cv2.empty_crop"]
# says = ["`face`", "(0, 30, 3)"]
# healthy = [["(10, 120, 30, 30)", "(10, 60, 30, 30)"]]
"""Faces cut out of a photo and made one size."""

import cv2
import numpy as np

photo = np.random.default_rng(0).integers(0, 255, (100, 150, 3), np.uint8)
boxes = [(5, 5, 40, 40), (10, 120, 30, 30)]


def cut(picture, box):
    x, y, w, h = box
    face = picture[y : y + h, x : x + w]
    return cv2.resize(face, (32, 32))  # <- here


faces = np.stack([cut(photo, box) for box in boxes])
print(faces.shape)
