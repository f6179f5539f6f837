# ids = ["viz.style_removed", "viz.style_unknown"]
# says = []
# healthy = [["\"seaborn-whitegrid\"", "\"seaborn-v0_8-whitegrid\""]]
"""A plot with a style of old."""

import matplotlib.pyplot as plt
import numpy as np


def setup():
    plt.style.use("seaborn-whitegrid")  # <- here
    return plt.subplots()


figure, axis = setup()
axis.plot(np.arange(3))
figure.savefig("plot.png")
