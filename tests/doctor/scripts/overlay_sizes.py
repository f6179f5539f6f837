# ids = ["cv2.size_mismatch"]
# says = ["`photo`", "(64, 96, 3)", "(96, 64, 3)"]
# healthy = [["(photo.shape[0], photo.shape[1])", "(photo.shape[1], photo.shape[0])"]]
"""A mask painted over a photo."""

import cv2
import numpy as np


class Painter:
    def __init__(self, colour=(0, 0, 255)):
        self.colour = np.array(colour, np.uint8)

    def paint(self, photo, mask):
        mask = cv2.resize(mask, (photo.shape[0], photo.shape[1]))
        layer = mask[..., None] * self.colour
        return cv2.addWeighted(photo, 0.7, layer, 0.3, 0)  # <- here


photo = np.full((64, 96, 3), 128, np.uint8)
mask = np.zeros((16, 24), np.uint8)
mask[4:8, 4:8] = 1
print(Painter().paint(photo, mask).mean())
