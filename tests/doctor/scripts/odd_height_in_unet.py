# ids = ["shape.concatenate_mismatch"]
# says = ["25 is odd", "The input's 100"]
# never = ["would go"]
# healthy = [["(100, 64, 1)", "(104, 64, 1)"]]
"""A small U-Net."""

import keras
from keras import layers


def down(x, kept):
    for width in (4, 8, 8):
        x = layers.Conv2D(width, 3, padding="same")(x)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    return x


def up(x, kept):
    for other in reversed(kept):
        x = layers.UpSampling2D()(x)
        x = layers.concatenate([x, other])  # <- here
    return x


def network(shape):
    start = keras.Input(shape)
    kept = []
    return keras.Model(start, up(down(start, kept), kept))


print(network((100, 64, 1)).output_shape)
