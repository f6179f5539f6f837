# ids = ["data.zero_batches"]
# says = ["`source.x` and `source.y` of Loud", "self.x = x[loud]"]
# healthy = [["limit=2.0", "limit=0.2"]]
"""Only what is loud enough is predicted."""

import keras
import numpy as np


class Loud(keras.utils.PyDataset):
    def __init__(self, x, y, limit):
        super().__init__()
        loud = y > limit
        self.x = x[loud]
        self.y = y[loud]

    def __len__(self):
        return -(-len(self.y) // 4)

    def __getitem__(self, i):
        return self.x[4 * i : 4 * i + 4], self.y[4 * i : 4 * i + 4]


y = np.linspace(0, 1, 20)
source = Loud(np.ones((20, 3)), y, limit=2.0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
print(model.predict(source, verbose=0).shape)  # <- here
