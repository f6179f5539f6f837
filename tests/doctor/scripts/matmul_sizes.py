# ids = ["shape.matmul_sizes"]
# says = ["`features`", "`self.kernel`", "20", "16"]
# healthy = [["(16, self.units)", "(20, self.units)"]]
"""A dense layer of our own."""

import tensorflow as tf


class Linear(tf.Module):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.kernel = tf.Variable(tf.random.normal((16, self.units)), name="kernel")

    def __call__(self, features):
        return tf.matmul(features, self.kernel)  # <- here


def forward(layers, x):
    for layer in layers:
        x = tf.nn.relu(layer(x))
    return x


x = tf.random.normal((4, 20))
print(forward([Linear(16), Linear(16)][:1], x).shape)
