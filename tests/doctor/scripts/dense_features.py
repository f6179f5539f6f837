# ids = ["shape.dense_last_axis", "shape.wrong_image_size"]
# says = ["axis 1", "12", "10"]
# healthy = [["test = np.hstack([rows(8), np.eye(8, 2), np.eye(8, 2)])", "test = np.hstack([rows(8), np.eye(8, 2)])"]]
"""Tabular data: the test table has two columns too many."""

import keras
import numpy as np

rng = np.random.default_rng(0)


def rows(count):
    return rng.normal(size=(count, 8))


train = np.hstack([rows(40), np.eye(40, 2)])
test = np.hstack([rows(8), np.eye(8, 2), np.eye(8, 2)])
target = train.sum(axis=1)

model = keras.Sequential([keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(train, target, epochs=1, verbose=0)


def evaluate(table):
    predictions = model.predict(table, verbose=0)  # <- here
    return float(predictions.mean())


print(evaluate(train), evaluate(test))
