# ids = ["fs.file_missing"]
# says = ["train/dogs"]
# healthy = [["os.listdir(os.path.join(root, \"dogs\"))", "os.listdir(os.path.join(root, \"dog\"))"]]
"""How many pictures of each kind."""

import os

import numpy as np

root = "train"
for kind in ("cat", "dog"):
    os.makedirs(os.path.join(root, kind))


def count(root):
    cats = os.listdir(os.path.join(root, "cat"))
    dogs = os.listdir(os.path.join(root, "dogs"))  # <- here
    return np.array([len(cats), len(dogs)])


print(count(root))
