# ids = ["viz.xy_length"]
# says = ["`steps`", "5", "`values`", "4"]
# healthy = [["steps = np.arange(5)", "steps = np.arange(4)"]]
"""Differences of a curve."""

import matplotlib.pyplot as plt
import numpy as np

loss = np.array([1.0, 0.7, 0.5, 0.45, 0.44])
steps = np.arange(5)


def bars(steps, values):
    figure, axis = plt.subplots()
    axis.plot(steps, values, "o-")  # <- here
    figure.savefig("steps.png")


bars(steps, np.diff(loss))
