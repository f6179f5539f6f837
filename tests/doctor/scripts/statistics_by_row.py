# ids = ["numpy.broadcast"]
# says = ["`self.low` is `table.min(axis=1)`", "axis=0"]
# never = ["self.low[:, None]"]
# healthy = [["table.min(axis=1)", "table.min(axis=0)"]]
"""Columns brought to start at zero."""

import numpy as np


class Shift:
    def learn(self, table):
        self.low = table.min(axis=1)

    def apply(self, table):
        return table - self.low  # <- here


shift = Shift()
rain = np.arange(21.0).reshape(7, 3)
shift.learn(rain)
print(shift.apply(rain))
