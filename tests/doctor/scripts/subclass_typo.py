# ids = ["python.attribute_missing"]
# says = ["`self`", "`conv1`"]
# healthy = [["self.conv_1(x)", "self.conv1(x)"]]
"""A subclassed model with a misspelt layer."""

import keras
import numpy as np


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv1 = keras.layers.Conv2D(4, 3, activation="relu")
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.out = keras.layers.Dense(2)

    def call(self, x):
        x = self.conv_1(x)  # <- here
        return self.out(self.pool(x))


net = Net()
net.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
net.fit(np.zeros((4, 8, 8, 1)), np.arange(4) % 2, verbose=0)
