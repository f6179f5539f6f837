# ids = ["viz.subplot_num"]
# says = []
# healthy = [["images = np.zeros((10, 8, 8))", "images = np.zeros((9, 8, 8))"]]
"""Feature maps in a grid."""

import matplotlib.pyplot as plt
import numpy as np

images = np.zeros((10, 8, 8))


def show(images, rows=3, columns=3):
    plt.figure(figsize=(3, 3))
    for index, image in enumerate(images):
        plt.subplot(rows, columns, index + 1)  # <- here
        plt.imshow(image, cmap="gray")
    plt.savefig("grid.png")


show(images)
