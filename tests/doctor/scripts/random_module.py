# ids = ["python.local_file_shadows", "env.local_file_shadows"]
# says = []
# healthy = [["\"statistics.py\"", "\"my_statistics.py\""]]
"""A file of one's own with the name of a module."""

import sys

sys.path.insert(0, "")
sys.modules.pop("statistics", None)
with open("statistics.py", "w") as file:
    file.write("RESULTS = []\n")

import statistics

import numpy as np


def summary(values):
    return statistics.mean(values), statistics.pstdev(values)  # <- here


try:
    print(summary([float(v) for v in np.arange(4)]))
finally:
    sys.path.pop(0)
    sys.modules.pop("statistics", None)
