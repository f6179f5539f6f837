# ids = ["shape.too_few_dims", "shape.missing_channel_dim", "shape.missing_time_dim", "shape.one_dimensional_input"]
# says = ["`signals`", "(10, 50)"]
# healthy = [["encoder(signals)", "encoder(signals[..., None])"]]
"""Signals for a one-dimensional convolution."""

import keras
import numpy as np

signals = np.random.default_rng(0).random((10, 50)).astype("float32")


class Encoder(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv1D(4, 5)
        self.pool = keras.layers.GlobalAveragePooling1D()

    def call(self, signals):
        return self.pool(self.conv(signals))  # <- here


encoder = Encoder()
print(encoder(signals).shape)
