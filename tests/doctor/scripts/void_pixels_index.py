# ids = ["python.index_out_of_range.array"]
# says = ["`true` is 255", "axis 0 of `table` (3, 3)", "0 to 2"]
# advises = ["255 often marks pixels without a class"]
# never = ["A list is shorter"]
# healthy = [["truth[0] = 255", "truth[0] = 2"]]
"""How often each class is taken for another, over a whole label image."""

import numpy as np


def count(truth, guess, classes):
    table = np.zeros((classes, classes), dtype=int)
    for true, said in zip(truth.ravel(), guess.ravel(), strict=True):
        table[true, said] += 1  # <- here
    return table


rng = np.random.default_rng(1)
truth = rng.integers(0, 3, (8, 8))
truth[0] = 255
guess = rng.integers(0, 3, (8, 8))
print(count(truth, guess, 3))
