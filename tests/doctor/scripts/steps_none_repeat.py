# ids = ["keras.history_no_validation", "keras.history_key_acc", "python.key_missing"]
# says = ["`loss`"]
# healthy = [["model.fit(x, y, epochs=2, verbose=0)", "model.fit(x, y, epochs=2, validation_split=0.5, verbose=0)"]]
"""Both curves of a training."""

import keras
import matplotlib.pyplot as plt
import numpy as np

x, y = np.ones((8, 2)), np.ones((8, 1))
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
record = model.fit(x, y, epochs=2, verbose=0).history


def curves(record):
    for key in ("loss", "val_loss"):
        plt.plot(record[key], label=key)  # <- here
    plt.savefig("curves.png")


curves(record)
