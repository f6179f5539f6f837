# ids = ["viz.get_cmap_removed", "viz.api_removed", "python.attribute_missing"]
# says = []
# healthy = [["cm.get_no_map(\"jet\")", "matplotlib.colormaps[\"jet\"]"]]
"""Colours by a name that matplotlib hasn't."""

import matplotlib
import matplotlib.cm as cm
import numpy as np


def coloured(heatmap):
    jet = cm.get_no_map("jet")  # <- here
    return jet(heatmap)[..., :3]


print(coloured(np.zeros((4, 4))).shape, matplotlib.__name__)
