# ids = ["keras3.compile_argument", "keras3.fit_arguments", "python.argument_unexpected"]
# says = []
# healthy = [["batch_size=4, workers=4, verbose=0", "batch_size=4, verbose=0"]]
"""Arguments of fit that are gone."""

import keras
import numpy as np

x, y = np.ones((8, 3)), np.ones((8, 1))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")


def train(epochs):
    return model.fit(x, y, epochs=epochs, batch_size=4, workers=4, verbose=0)  # <- here


print(train(1).history["loss"])
