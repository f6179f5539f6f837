# ids = ["python.index_out_of_range", "data.generator"]
# says = []
# healthy = [["return 4", "return len(self.files)"]]
"""A Sequence that promises more than it has."""

import keras
import numpy as np


class Files(keras.utils.PyDataset):
    def __init__(self, files, **kwargs):
        super().__init__(**kwargs)
        self.files = files

    def __len__(self):
        return 4

    def __getitem__(self, index):
        name = self.files[index]  # <- here
        x = np.full((2, 3), len(name), "float32")
        return x, x[:, :1]


model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(Files(["a", "b", "c"]), epochs=1, shuffle=False, verbose=0)
