# ids = ["shape.reshape_size"]
# says = []
# healthy = [["layers.Reshape((7, 7, 16))", "layers.Reshape((7, 7, 8))"]]
"""A generator of pictures."""

import keras
from keras import layers


def generator(noise_size):
    model = keras.Sequential(name="generator")
    model.add(keras.Input((noise_size,)))
    model.add(layers.Dense(7 * 7 * 8))
    model.add(layers.Reshape((7, 7, 16)))  # <- here
    model.add(layers.Conv2DTranspose(1, 4, strides=2, padding="same"))
    return model


print(generator(10).output_shape)
