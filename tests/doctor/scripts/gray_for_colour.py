# ids = ["shape.gray_vs_rgb"]
# says = ["3 channels", "1", "`scans`"]
# healthy = [["rng.random((6, 32, 32, 1))", "rng.random((6, 32, 32, 3))"]]
"""Features of scans by a network trained on colour."""

import keras
import numpy as np

rng = np.random.default_rng(0)


def backbone():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, name="stem")(inputs)
    x = keras.layers.ReLU()(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="backbone")


def features(network, scans):
    return network.predict(scans, verbose=0)  # <- here


scans = rng.random((6, 32, 32, 1)).astype("float32")
print(features(backbone(), scans).shape)
