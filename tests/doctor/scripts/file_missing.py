# ids = ["fs.file_missing"]
# says = ["features_train.npy", "train_features.npy"]
# healthy = [["\"features_train.npy\"", "\"train_features.npy\""]]
"""Features kept on disk."""

import os

import numpy as np

DATA = "data"
os.makedirs(DATA)
np.save(os.path.join(DATA, "train_features.npy"), np.zeros((5, 3)))
np.save(os.path.join(DATA, "test_features.npy"), np.zeros((2, 3)))


def load(name):
    return np.load(os.path.join(DATA, name))  # <- here


train = load("features_train.npy")
print(train.shape)
