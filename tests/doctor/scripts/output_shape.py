# ids = ["keras3.attr_removed"]
# says = []
# healthy = [["layer.output_shape", "layer.output.shape"]]
"""A table of the layers."""

import keras
from keras import layers

inputs = keras.Input((28, 28, 1))
x = layers.Conv2D(4, 3)(inputs)
x = layers.MaxPooling2D()(x)
outputs = layers.Dense(10)(layers.Flatten()(x))
model = keras.Model(inputs, outputs)


def table(model):
    rows = []
    for layer in model.layers:
        rows.append((layer.name, layer.output_shape))  # <- here
    return rows


for row in table(model):
    print(*row)
