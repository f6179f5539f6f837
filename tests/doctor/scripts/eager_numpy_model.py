# ids = ["tf.eager_tensor_attribute", "python.attribute_missing"]
# says = ["`probabilities`"]
# healthy = [["probabilities.argmax(axis=1)", "probabilities.numpy().argmax(axis=1)"]]
"""Classes of a tensor as if it were an array."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def classes(x):
    probabilities = model(x)
    return probabilities.argmax(axis=1)  # <- here


print(classes(np.zeros((2, 4), "float32")))
