# ids = ["keras.unknown_identifier"]
# says = []
# healthy = [["\"rellu\"", "\"relu\""]]
"""An activation that isn't."""

import keras


def block(units):
    return keras.layers.Dense(units, activation="rellu")  # <- here


print(keras.Sequential([keras.Input((3,)), block(4)]).count_params())
