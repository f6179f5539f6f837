# ids = ["numpy.float_index"]
# says = ["`half`"]
# healthy = [["len(data) / 2", "len(data) // 2"]]
"""Half of the data."""

import numpy as np

data = np.arange(10)
half = len(data) / 2
train = data[:half]  # <- here
print(train)
