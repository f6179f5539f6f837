# ids = ["python.index_out_of_range.array"]
# says = ["0 to 2"]
# advises = ["len(np.unique(seen))", "different values"]
# never = ["one past the end", "255"]
# healthy = [["len(np.unique(seen))", "int(seen.max()) + 1"]]
"""How often each kind of bird was seen, in a month without sparrows."""

import numpy as np


def histogram(seen):
    kinds = len(np.unique(seen))
    counts = np.zeros(kinds, dtype=int)
    for bird in seen:
        counts[bird] += 1  # <- here
    return counts


print(histogram(np.array([0, 2, 3, 3, 0])))
