# ids = ["numpy.load_allow_pickle"]
# says = []
# healthy = [["np.array([np.zeros(2), np.zeros(3)], dtype=object)", "np.zeros((2, 3))"]]
"""Rows of unequal length, kept in a file."""

import numpy as np

rows = np.array([np.zeros(2), np.zeros(3)], dtype=object)
np.save("rows.npy", rows)


def load(path):
    return np.load(path)  # <- here


print(len(load("rows.npy")))
