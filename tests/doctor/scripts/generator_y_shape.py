# ids = ["loss.class_count"]
# says = ["3"]
# healthy = [["keras.layers.Dense(4, activation=\"softmax\")", "keras.layers.Dense(3, activation=\"softmax\")"]]
"""Training on a Sequence."""

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return 3

    def __getitem__(self, index):
        x = self.rng.random((self.size, 5))
        y = np.eye(3)[self.rng.integers(0, 3, self.size)]
        return x, y


model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="softmax")])
model.compile("adam", "categorical_crossentropy")
model.fit(Batches(4), epochs=1, verbose=0)  # <- here
