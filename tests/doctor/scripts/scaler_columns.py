# ids = ["numpy.broadcast"]
# says = ["`self.mean`", "`rows`", "(3, 4)", "(5,)"]
# healthy = [["rng.random((3, 4))", "rng.random((3, 5))"]]
"""A scaler for tables with five columns."""

import numpy as np

rng = np.random.default_rng(0)


class Scaler:
    def __init__(self, table):
        self.mean = table.mean(axis=0)
        self.std = table.std(axis=0)

    def __call__(self, rows):
        return (rows - self.mean) / self.std  # <- here


scale = Scaler(rng.random((9, 5)))
print(scale(rng.random((3, 4))).mean())
