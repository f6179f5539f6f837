# ids = ["shape.missing_return_sequences", "shape.too_few_dims"]
# says = ["(None, 8)", "return_sequences"]
# healthy = [["layers.LSTM(8, name=\"lower\")", "layers.LSTM(8, return_sequences=True, name=\"lower\")"]]
"""Two recurrent layers, one on the other."""

import keras
from keras import layers


def recurrent(inputs):
    x = layers.LSTM(8, name="lower")(inputs)
    x = layers.LSTM(4, name="upper")(x)  # <- here
    return layers.Dense(1)(x)


inputs = keras.Input((20, 3))
model = keras.Model(inputs, recurrent(inputs))
print(model.count_params())
