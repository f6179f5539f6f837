# ids = ["python.name_unknown"]
# says = ["`x_train`"]
# healthy = [["keras.ops.mean(x_trian)", "keras.ops.mean(x_train)"]]
"""A misspelt name."""

import keras
import numpy as np

x_train = np.ones((4, 3), "float32")
y_train = np.ones((4, 1), "float32")


def statistics():
    mean = keras.ops.mean(x_trian)  # <- here
    return float(mean)


print(statistics())
