# ids = ["fs.is_a_directory", "fs.file_missing", "fs.parent_dir_missing", "fs.permission_denied"]
# says = ["out"]
# healthy = [["plt.savefig(\"out/plots/curve.png\")", "plt.savefig(\"curve.png\")"]]
"""A picture of the curve, into a folder that isn't there."""

import matplotlib.pyplot as plt
import numpy as np


def save(values):
    plt.plot(values)
    plt.savefig("out/plots/curve.png")  # <- here


save(np.arange(4))
