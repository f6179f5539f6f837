# ids = ["numpy.reshape_size", "numpy.reshape_colour"]
# says = ["`pixels`", "7840"]
# healthy = [["images[:10, :, :28]", "images[:12, :, :28]"], ["(-1, 28, 28, 1)", "(-1, 28, 28)"], ["reshape(12, 28, 28)", "reshape(12, 28, 28)"]]
"""Digits as vectors and back."""

import numpy as np


def to_pictures(pixels):
    return pixels.reshape(12, 28, 28)  # <- here


images = np.random.default_rng(0).random((20, 28, 28))
flat = images[:10, :, :28].reshape(-1)
pictures = to_pictures(flat)
print(pictures.reshape(-1, 28, 28, 1).shape)
