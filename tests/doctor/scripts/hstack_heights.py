# ids = ["numpy.concatenate_shapes"]
# says = ["axis 0", "`left`", "`right`", "20", "24"]
# healthy = [["np.ones((24, 30, 3))", "np.ones((20, 30, 3))"]]
"""Before and after."""

import numpy as np


def beside(left, right):
    return np.hstack((left, right))  # <- here


before, after = np.zeros((20, 30, 3)), np.ones((24, 30, 3))
print(beside(before, after).shape)
