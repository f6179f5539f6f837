# ids = ["numpy.concatenate_shapes"]
# says = ["`day`", "axis 1", "7", "8"]
# healthy = [["rng.random((3, 8))", "rng.random((3, 7))"]]
"""Days of measurements, one below the other."""

import numpy as np

rng = np.random.default_rng(0)
monday = rng.random((5, 7))
tuesday = rng.random((3, 8))


def collect(days):
    table = days[0]
    for day in days[1:]:
        table = np.vstack([table, day])  # <- here
    return table


print(collect([monday, tuesday]).shape)
