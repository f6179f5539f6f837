# ids = ["data.cardinality"]
# says = ["`x_train`", "80", "`y_test`", "20"]
# healthy = [["model.fit(x_train, y_test,", "model.fit(x_train, y_train,"]]
"""A split by hand."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.random((100, 3)), rng.random((100, 1))


def split(x, y, part=0.8):
    cut = int(len(x) * part)
    return x[:cut], y[:cut], x[cut:], y[cut:]


x_train, y_train, x_test, y_test = split(x, y)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(loss="mae")
model.fit(x_train, y_test, epochs=1, verbose=0)  # <- here
print(model.evaluate(x_test, y_test, verbose=0))
