# ids = ["numpy.boolean_index"]
# says = ["`self.speed` was cut to some of its rows on line 17", "`self.road` wasn't"]
# healthy = [["self.speed = self.speed[good]", "good_speed = self.speed[good]"]]
"""Mean speed by kind of road."""

import numpy as np


class Trips:
    def __init__(self, count):
        rng = np.random.default_rng(0)
        self.speed = rng.normal(60, 40, count)
        self.road = rng.integers(0, 3, count)

    def clean(self):
        good = self.speed > 0
        self.speed = self.speed[good]

    def of(self, road):
        return self.speed[self.road == road]  # <- here


trips = Trips(300)
trips.clean()
print([trips.of(road).mean() for road in range(3)])
