# ids = ["viz.imshow_shape.channels_first"]
# says = ["(3, 24, 32)"]
# healthy = [["images.transpose(0, 3, 1, 2)", "images"]]
"""A grid of samples."""

import matplotlib.pyplot as plt
import numpy as np


def load(count):
    images = np.random.default_rng(0).random((count, 24, 32, 3))
    return images.transpose(0, 3, 1, 2)


def grid(images, columns=3):
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns)
    for axis, image in zip(axes.flat, images):
        axis.imshow(image)  # <- here
        axis.axis("off")
    figure.savefig("grid.png")


grid(load(6))
