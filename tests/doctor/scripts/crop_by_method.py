# ids = ["cv2.empty_crop"]
# says = ["[90:120, 130:170]", "64 high and 64 wide"]
# healthy = [["Plate(130, 90)", "Plate(13, 9)"]]
"""Number plates, cut out and brought to one size."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass
class Plate:
    left: int
    top: int

    def of(self, picture):
        return picture[self.top : self.top + 30, self.left : self.left + 40]


def read_plates(picture, plates):
    found = []
    for plate in plates:
        part = plate.of(picture)
        found.append(cv2.resize(part, (80, 60)))  # <- here
    return found


street = np.full((64, 64, 3), 90, np.uint8)
print(len(read_plates(street, [Plate(5, 5), Plate(130, 90)])))
