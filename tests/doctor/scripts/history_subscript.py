# ids = ["python.wrong_kind"]
# says = ["`history`", "History"]
# healthy = [["history[\"loss\"]", "history.history[\"loss\"]"]]
"""A History used as a dictionary."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
last = history["loss"][-1]  # <- here
print(last)
