# ids = ["shape.missing_return_sequences"]
# says = ["'lower' gives (None, 6)"]
# never = ["'upper' gives"]
# healthy = [["return_sequences=False, name=\"lower\"", "return_sequences=True, name=\"lower\""]]
"""Two recurrent layers, the lower of which sums up too early."""

import keras


def stack():
    net = keras.Sequential([keras.Input((9, 2))])
    net.add(keras.layers.GRU(6, return_sequences=False, name="lower"))
    net.add(keras.layers.Dropout(0.1))
    net.add(keras.layers.GRU(4, name="upper"))  # <- here
    return net


print(stack().output_shape)
