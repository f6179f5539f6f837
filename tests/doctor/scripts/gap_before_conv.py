# ids = ["shape.too_few_dims", "shape.missing_channel_dim", "shape.missing_batch_dim"]
# says = ["(None, 8)"]
# healthy = [["x = layers.GlobalAveragePooling2D()(x)\n", ""]]
"""Pooling in front of a convolution."""

import keras
from keras import layers

inputs = keras.Input((16, 16, 3))
x = layers.Conv2D(8, 3)(inputs)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Conv2D(16, 3, name="late")(x)  # <- here
print(keras.Model(inputs, x).count_params())
