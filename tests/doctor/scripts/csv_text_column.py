# ids = ["numpy.string_to_float", "data.object_dtype"]
# says = ["'male'"]
# healthy = [["rows[:, 1:3].astype(\"float32\")", "(rows[:, 1:3] == \"male\").astype(\"float32\")"]]
"""Passengers, with a column of words."""

import keras
import numpy as np

rows = np.array([["0", "male", "22"], ["1", "female", "38"], ["1", "female", "26"]])


def features(rows):
    return rows[:, 1:3].astype("float32")  # <- here


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
print(model(features(rows)).shape)
