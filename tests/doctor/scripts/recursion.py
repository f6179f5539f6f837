# ids = ["python.recursion"]
# says = []
# healthy = [["return walk(node)", "return walk(node[1:])"]]
"""A walk that never ends."""

import numpy as np


def walk(node):
    if not node:
        return 0
    return walk(node)  # <- here


print(walk(list(np.arange(3))))
