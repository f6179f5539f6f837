# ids = ["python.index_out_of_range", "numpy.index_out_of_bounds"]
# says = ["`index`", "5", "`CLASSES`", "5"]
# healthy = [["\"stop\"]", "\"stop\", \"go\"]"]]
"""Names of predicted classes."""

import numpy as np

CLASSES = ["up", "down", "left", "right", "stop"]


def name_of(scores):
    index = int(np.argmax(scores))
    return CLASSES[index]  # <- here


scores = np.eye(6)[[0, 5, 2]]
for row in scores:
    print(name_of(row))
