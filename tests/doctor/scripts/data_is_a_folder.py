# ids = ["fs.is_a_directory"]
# says = ["runs", "is a folder"]
# healthy = [["PATH = \"runs\"", "PATH = \"runs/log.npy\""]]
"""The log of the last run."""

import os

import numpy as np

os.makedirs("runs")
np.save("runs/log.npy", np.arange(4))
PATH = "runs"


def log(path):
    return np.load(path)  # <- here


print(log(PATH).mean())
