# ids = ["python.key_missing"]
# says = ["'3'", "number"]
# healthy = [["names[\"3\"]", "names[3]"]]
"""Class names in a dictionary by number."""

import numpy as np

names = {0: "cat", 1: "dog", 3: "bird"}
scores = np.array([0.1, 0.2, 0.0, 0.7])
print("best score", scores.max())
best = names["3"]  # <- here
print(best)
