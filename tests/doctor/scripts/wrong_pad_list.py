# ids = ["viz.imshow_dtype_object", "data.inhomogeneous_array", "viz.imshow_not_numeric"]
# says = ["shape"]
# healthy = [["np.zeros((5, 6))", "np.zeros((5, 5))"]]
"""A row of pictures in one."""

import matplotlib.pyplot as plt
import numpy as np

tiles = [np.zeros((5, 5)), np.zeros((5, 6)), np.zeros((5, 5))]


def show(tiles):
    plt.imshow(np.array(tiles).reshape(-1, 5))  # <- here
    plt.savefig("tiles.png")


show(tiles)
