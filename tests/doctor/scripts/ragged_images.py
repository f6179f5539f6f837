# ids = ["data.inhomogeneous_array"]
# says = ["`images`", "entry 2", "(16, 12, 3)", "(16, 16, 3)"]
# healthy = [["shape = (16, 12, 3) if index == 2 else (16, 16, 3)", "shape = (16, 16, 3)"]]
"""A folder of pictures as one array."""

import numpy as np


def read(index):
    shape = (16, 12, 3) if index == 2 else (16, 16, 3)
    return np.full(shape, index, "uint8")


def load_all(count):
    images = []
    for index in range(count):
        images.append(read(index))
    return np.array(images)  # <- here


data = load_all(6)
print(data.shape, data.mean())
