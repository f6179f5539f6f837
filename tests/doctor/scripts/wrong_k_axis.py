# ids = ["numpy.broadcast", "numpy.broadcast_into"]
# says = ["`means`", "(6, 3)", "(6,)"]
# healthy = [["data.mean(axis=1)", "data.mean(axis=0)"]]
"""Standardised columns."""

import numpy as np


class Scaler:
    def fit(self, data):
        self.means = data.mean(axis=1)
        return self

    def transform(self, data):
        means = self.means
        return data - means  # <- here


table = np.random.default_rng(0).random((6, 3))
print(Scaler().fit(table).transform(table).mean())
