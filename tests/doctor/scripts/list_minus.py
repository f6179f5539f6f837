# ids = ["python.operand_types", "python.list_arithmetic"]
# says = ["`values`", "list"]
# healthy = [["values = [1.0, 2.0, 3.0]", "values = np.array([1.0, 2.0, 3.0])"]]
"""Values less their mean, of a list."""

import numpy as np

values = [1.0, 2.0, 3.0]
mean = 2.0


def centred(values):
    return values - mean  # <- here


print(np.sum(centred(values)))
