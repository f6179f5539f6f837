# ids = ["python.argument_count"]
# says = []
# healthy = [["describe(batch, labels, 3)", "describe(batch, labels)"]]
"""A function given one thing too many."""

import numpy as np


def describe(batch, labels):
    return batch.shape, len(set(labels))


batch, labels = np.zeros((4, 2)), [0, 1, 1, 0]
print(describe(batch, labels, 3))  # <- here
