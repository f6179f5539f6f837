# ids = ["data.object_dtype"]
# says = ["`table`", "column 2", "'unknown'"]
# healthy = [["[34, 71.5, \"unknown\", 0]", "[34, 71.5, 170, 0]"]]
"""Rows of a table read by hand."""

import keras
import numpy as np

rows = [
    [25, 62.0, 171, 1],
    [34, 71.5, "unknown", 0],
    [58, 80.2, 165, 1],
    [41, 55.0, 180, 0],
]
table = np.array(rows, dtype=object)
x, y = table[:, :3], table[:, 3].astype("float32")

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy")


def train(table, target):
    model.fit(table, target, epochs=1, verbose=0)  # <- here


train(x if any(isinstance(v, str) for v in x.flat) else x.astype("float32"), y)
