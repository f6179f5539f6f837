# ids = ["shape.concatenate_mismatch"]
# says = ["axis 1", "`skip`", "`x`", "25", "24"]
# healthy = [["keras.Input((25, 25, 1))", "keras.Input((24, 24, 1))"]]
"""A tiny U-Net."""

import keras
from keras import layers


def down(x, filters):
    skip = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D()(skip), skip


def up(x, skip, filters):
    x = layers.UpSampling2D()(x)
    x = layers.Concatenate()([x, skip])  # <- here
    return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)


inputs = keras.Input((25, 25, 1))
x, skip = down(inputs, 4)
x = layers.Conv2D(8, 3, padding="same")(x)
x = up(x, skip, 4)
model = keras.Model(inputs, layers.Conv2D(1, 1)(x))
print(model.output.shape)
