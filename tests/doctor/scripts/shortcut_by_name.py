# ids = ["shape.merge_mismatch"]
# says = ["`main` is (None, 4, 4, 8)", "`side` is (None, 8, 8, 2)"]
# advises = ["side = layers.Conv2D(main.shape[-1], 1, strides=2, padding='same')(side)"]
# healthy = [["    total = layers.add", "    side = layers.Conv2D(8, 1, strides=2)(side)\n    total = layers.add"]]
"""A block whose side path stays as it was."""

import keras
from keras import layers


def block(side):
    main = layers.Conv2D(8, 3, strides=2, padding="same")(side)
    total = layers.add([main, side])  # <- here
    return layers.ReLU()(total)


print(block(keras.Input((8, 8, 2))).shape)
