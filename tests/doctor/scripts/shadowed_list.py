# ids = ["python.shadowed_builtin"]
# says = ["`list`", "line"]
# healthy = [["list = []", "found = []"], ["list.append", "found.append"], ["len(list)", "len(found)"]]
"""Values collected."""

import numpy as np

list = []
for value in np.linspace(0, 1, 5):
    list.append(value)
print(len(list), "values")


def batches(values, size):
    return [values[i : i + size] for i in range(0, len(values), size)]


pairs = batches(np.arange(6), 2)
rows = list(map(np.sum, pairs))  # <- here
print(rows)
