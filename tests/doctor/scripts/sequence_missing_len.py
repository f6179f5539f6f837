# ids = ["python.wrong_kind"]
# says = ["`files`", "generator"]
# healthy = [["(path for path in", "list(path for path in"]]
"""How many batches there are."""

import numpy as np

files = (path for path in map(str, range(3)))


def batches(files, size):
    return int(np.ceil(len(files) / size))  # <- here


print(batches(files, 2))
