# ids = ["numpy.load_allow_pickle"]
# says = ["the entry 'outlines' of `held`", "'photos'"]
# healthy = [["outlines = np.empty(3, object)", "outlines = np.empty(3)"]]
"""Outlines of different length beside photos."""

import numpy as np

photos = np.ones((3, 4, 4))
outlines = np.empty(3, object)
np.savez("set.npz", photos=photos, outlines=outlines)
held = np.load("set.npz")
first = held["photos"]
second = held["outlines"]  # <- here
print(first.shape, second.shape)
