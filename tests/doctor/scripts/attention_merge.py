# ids = ["shape.merge_mismatch", "shape.broadcast"]
# says = ["`x`", "`shortcut`", "16", "8"]
# healthy = [["layers.Conv2D(16, 3, padding=\"same\")(x)", "layers.Conv2D(8, 3, padding=\"same\")(x)"]]
"""A residual block whose branches differ."""

import keras
from keras import layers


def residual(x):
    shortcut = x
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(16, 3, padding="same")(x)
    x = layers.Add()([x, shortcut])  # <- here
    return layers.ReLU()(x)


inputs = keras.Input((10, 10, 8))
print(keras.Model(inputs, residual(inputs)).count_params())
