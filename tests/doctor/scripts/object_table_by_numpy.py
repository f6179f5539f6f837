# ids = ["data.object_dtype"]
# says = ["row 0, column 2 holds 'red'"]
# advises = ["table[:, 2] = np.unique", "table = table.astype('float32')"]
# never = ["df.dtypes"]
# healthy = [["[[1, 0.5, \"red\"], [2, 0.25, \"blue\"]] * 4", "[[1, 0.5, 0], [2, 0.25, 1]] * 4"], ["dtype=object", "dtype=\"float32\""]]
"""A table with a word in each row."""

import keras
import numpy as np

table = np.array([[1, 0.5, "red"], [2, 0.25, "blue"]] * 4, dtype=object)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(table, np.zeros(8), verbose=0)  # <- here
