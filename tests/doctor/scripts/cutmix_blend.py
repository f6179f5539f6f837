# ids = ["numpy.broadcast_into"]
# says = ["`patch`", "(5, 5, 3)"]
# healthy = [["patch = second[:5, :5]", "patch = second[:4, :4]"]]
"""A patch of one picture in another."""

import numpy as np

rng = np.random.default_rng(0)
first, second = rng.random((2, 16, 16, 3))


def mix(first, patch):
    mixed = first.copy()
    mixed[2:6, 2:6] = patch  # <- here
    return mixed


patch = second[:5, :5]
print(mix(first, patch).mean())
