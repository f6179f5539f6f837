# ids = ["keras.not_a_layer", "keras.layer_already_connected"]
# says = []
# healthy = [["base.output,", "base,"]]
"""A head on a base, the wrong way."""

import keras
from keras import layers

inputs = keras.Input((16, 16, 3))
base = keras.Model(inputs, layers.Conv2D(4, 3)(inputs), name="base")


def with_head(base, classes):
    parts = [base.output, layers.GlobalAveragePooling2D(), layers.Dense(classes)]
    return keras.Sequential(parts)  # <- here


print(with_head(base, 3)(keras.ops.zeros((1, 16, 16, 3))).shape)
