# ids = ["data.cardinality", "loss.lengths_differ"]
# says = ["`x`", "12", "`y`", "11"]
# healthy = [["y = series[5:]", "y = series[4:]"]]
"""Windows and the value that follows."""

import keras
import numpy as np

series = np.sin(np.arange(16, dtype="float32"))
x = np.stack([series[i : i + 4] for i in range(12)])
y = series[5:]

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "mse")
for epoch in range(2):
    model.fit(x, y, verbose=0)  # <- here
