# ids = ["keras.layer_not_found", "keras.layer_in_nested_model"]
# says = ["backbone", "`top_conv`"]
# healthy = [["model.get_layer(name)", "model.get_layer(\"backbone\").get_layer(name)"]]
"""The last convolution of a transfer model."""

import keras
from keras import layers


def backbone():
    inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(8, 3, activation="relu", name="stem")(inputs)
    x = layers.Conv2D(16, 3, activation="relu", name="top_conv")(x)
    return keras.Model(inputs, x, name="backbone")


def transfer_model(classes):
    base = backbone()
    base.trainable = False
    return keras.Sequential(
        [keras.Input((32, 32, 3)), base, layers.GlobalAveragePooling2D(), layers.Dense(classes)]
    )


def find(model, name):
    layer = model.get_layer(name)  # <- here
    return layer.name, layer.filters


print(find(transfer_model(3), "top_conv"))
