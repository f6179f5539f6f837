# ids = ["viz.xy_length"]
# says = ["`labels` has 3 values and `hits` has 4"]
# advises = ["x is (3,) and y is (4,)"]
# never = ["each other", "scaler"]
# healthy = [["(\"cat\", \"dog\", \"fox\")", "(\"cat\", \"dog\", \"fox\", \"owl\")"]]
"""How many of each class were right."""

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np


def bars(labels, hits):
    figure, axes = plt.subplots()
    axes.bar(labels, hits, color="teal")  # <- here
    return figure


guesses = np.array([0, 1, 1, 2, 3, 3])
hits = np.bincount(guesses)
bars(("cat", "dog", "fox"), hits)
