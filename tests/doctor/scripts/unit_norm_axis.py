# ids = ["numpy.axis_out_of_bounds"]
# says = ["`labels`", "(12,)"]
# healthy = [["= to_classes(labels)", "= to_classes(np.eye(3)[labels])"]]
"""Classes of one-hot rows which are classes already."""

import numpy as np

labels = np.arange(12) % 3


def to_classes(labels):
    return labels.argmax(axis=1)  # <- here


classes = to_classes(labels)
print(classes)
