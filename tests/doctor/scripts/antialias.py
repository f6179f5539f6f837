# ids = ["pil.antialias_removed"]
# says = []
# healthy = [["Image.ANTIALIAS", "Image.LANCZOS"]]
"""Thumbnails with an old name."""

import numpy as np
from PIL import Image


def thumbnail(array, side):
    picture = Image.fromarray(array)
    return picture.resize((side, side), Image.ANTIALIAS)  # <- here


print(thumbnail(np.zeros((20, 20, 3), np.uint8), 8).size)
