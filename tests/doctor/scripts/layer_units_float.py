# ids = ["keras.argument_value"]
# says = ["`units`", "16.0"]
# healthy = [["SIZE / 2", "SIZE // 2"]]
"""Half as many units."""

import keras

SIZE = 32


def head(x):
    units = SIZE / 2
    return keras.layers.Dense(units)(x)  # <- here


inputs = keras.Input((4,))
print(keras.Model(inputs, head(inputs)).count_params())
