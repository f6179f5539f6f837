# ids = ["data.unrecognized_type", "data.object_dtype"]
# says = ["`x`", "list"]
# healthy = [["model.fit(x, y,", "model.fit(np.array(x), np.array(y),"]]
"""Lists straight into fit."""

import keras
import numpy as np

x, y = [], []
for value in np.linspace(0, 1, 12):
    x.append([value, value**2, 1.0])
    y.append(3 * value)

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(x, y, epochs=1, verbose=0)  # <- here
