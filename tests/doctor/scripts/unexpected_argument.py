# ids = ["keras3.fit_arguments", "keras3.compile_argument", "python.argument_unexpected", "keras2.layer_arguments"]
# says = []
# healthy = [["nb_filter=8", "filters=8"]]
"""A block with an argument of old."""

import keras
from keras import layers


def block(x, size):
    x = layers.Conv2D(nb_filter=8, kernel_size=size, padding="same")(x)  # <- here
    x = layers.BatchNormalization()(x)
    return layers.Activation("relu")(x)


inputs = keras.Input((16, 16, 3))
print(keras.Model(inputs, block(inputs, 3)).count_params())
