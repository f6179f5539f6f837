# ids = ["numpy.matmul_sizes"]
# says = ["`row` is `tile.ravel()` (line 14)", "`tile` is (8, 4)"]
# never = ["columns of `row`", "a @ b.T"]
# healthy = [["range(0, 20, 8)", "range(0, 16, 8)"]]
"""A linear score for each tile of a picture."""

import numpy as np

weights = np.random.default_rng(0).normal(size=(64, 3))


def score(picture, top, left):
    tile = picture[top : top + 8, left : left + 8]
    row = tile.ravel()
    return row @ weights  # <- here


picture = np.zeros((16, 20))
scores = [score(picture, 0, left) for left in range(0, 20, 8)]
print(len(scores))
