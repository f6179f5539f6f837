# ids = ["numpy.transpose_axes"]
# says = ["`image`", "(8, 8)"]
# healthy = [["np.zeros((8, 8))", "np.zeros((8, 8, 3))"]]
"""Channels to the front."""

import numpy as np


def channels_first(image):
    return image.transpose(2, 0, 1)  # <- here


print(channels_first(np.zeros((8, 8))).shape)
