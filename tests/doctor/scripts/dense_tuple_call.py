# ids = ["keras.layer_passed_instead_of_tensor", "keras.input_not_from_input"]
# says = []
# healthy = [["x = layers.Dense(8)\n", "x = layers.Dense(8)(inputs)\n"]]
"""A layer that was never called."""

import keras
from keras import layers

inputs = keras.Input((4,))
x = layers.Dense(8)
outputs = layers.Dense(1)(x)  # <- here
print(keras.Model(inputs, outputs).count_params())
