# ids = ["python.wrong_kind", "shape.dimension_unknown"]
# says = ["`labels`"]
# healthy = [["labels = 3", "labels = [0, 1, 2]"]]
"""A number in place of a list."""

import numpy as np

labels = 3


def onehot(labels, classes):
    table = np.zeros((len(labels), classes))  # <- here
    table[np.arange(len(labels)), labels] = 1
    return table


print(onehot(labels, 3))
