# ids = ["shape.broadcast"]
# says = ["`attention`", "`features`"]
# healthy = [["keras.layers.Dense(self.units // 2)", "keras.layers.Dense(self.units)"]]
"""A layer that weighs its inputs."""

import keras
import numpy as np
from keras import layers


class Gate(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.project = keras.layers.Dense(units)
        self.score = keras.layers.Dense(self.units // 2)

    def call(self, inputs):
        features = self.project(inputs)
        attention = keras.ops.sigmoid(self.score(inputs))
        return features * attention  # <- here


class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.gate = Gate(8)
        self.head = layers.Dense(1)

    def call(self, inputs):
        return self.head(self.gate(inputs))


network = Network()
print(network(np.ones((5, 6), "float32")).shape)
