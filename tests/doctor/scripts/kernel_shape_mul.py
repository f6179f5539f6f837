# ids = ["numpy.matmul_sizes"]
# says = ["`x`", "`self.w`", "4", "3"]
# healthy = [["rng.normal(size=(3, 2))", "rng.normal(size=(4, 2))"]]
"""A perceptron in NumPy."""

import numpy as np

rng = np.random.default_rng(0)


class Layer:
    def __init__(self):
        self.w = rng.normal(size=(3, 2))
        self.b = np.zeros(2)

    def forward(self, x):
        return np.maximum(x @ self.w + self.b, 0)  # <- here


class Net:
    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x


print(Net(Layer())(rng.normal(size=(5, 4))).shape)
