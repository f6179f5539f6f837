# ids = ["numpy.boolean_index"]
# says = ["`keep`", "`features`"]
# healthy = [["features = rng.random((9, 4))", "features = rng.random((10, 4))"]]
"""Only the rows of one class."""

import numpy as np

rng = np.random.default_rng(0)
features = rng.random((9, 4))
labels = np.arange(10) % 2


def of_class(index):
    keep = labels == index
    return features[keep]  # <- here


print(of_class(1).mean())
