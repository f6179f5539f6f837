# ids = ["shape.reshape_size"]
# advises = ["72 values", "3 * 3 * 4 = 36", "2 times"]
# never = ["colour picture"]
# healthy = [["Dense(72)", "Dense(36)"]]
"""From a code to a small picture."""

import keras

code = keras.Input((5,))
flat = keras.layers.Dense(72)(code)
picture = keras.layers.Reshape((3, 3, 4))(flat)  # <- here
print(picture.shape)
