# ids = ["shape.output_size_zero"]
# says = []
# healthy = [["SIZE = 16", "SIZE = 64"]]
"""Too deep for small pictures."""

import keras
from keras import layers

SIZE = 16


def block(x, filters):
    x = layers.Conv2D(filters, 3, activation="relu")(x)  # <- here
    return layers.MaxPooling2D()(x)


inputs = keras.Input((SIZE, SIZE, 3))
x = inputs
for filters in (8, 16, 32, 64):
    x = block(x, filters)
outputs = layers.Dense(10)(layers.GlobalAveragePooling2D()(x))
print(keras.Model(inputs, outputs).count_params())
