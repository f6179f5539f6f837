# ids = ["shape.output_size_zero"]
# says = ["is (7, 7)", "(3, 3) is left"]
# healthy = [["Conv2D(8, 7)", "Conv2D(8, 3)"]]
"""Three stages on pictures of 20 pixels."""

import keras
from keras import layers


def head(x):
    x = layers.Conv2D(8, 7)(x)  # <- here
    return layers.GlobalAveragePooling2D()(x)


start = keras.Input((20, 20, 3))
x = layers.MaxPooling2D(5)(layers.Conv2D(4, 3)(start))
print(keras.Model(start, head(x)).count_params())
