# ids = ["python.none_attribute", "data.zero_batches", "data.ran_out", "data.exhausted_generator", "python.stop_iteration"]
# says = []
# healthy = [["next(batches)  # <- here", "pass"]]
"""A generator that is already through."""

import numpy as np


def read(count):
    for index in range(count):
        yield np.full((2, 2), index)


batches = read(3)
for batch in batches:
    print(batch.mean())
if batches:
    next(batches)  # <- here
