# ids = ["shape.dense_last_axis", "shape.wrong_image_size", "keras2.layer_arguments"]
# says = ["axis 1 is 13", "14"]
# healthy = [["table[:, 1:]", "table"]]
"""House prices."""

import keras
import numpy as np

table = np.random.default_rng(0).random((30, 14))
prices = table.sum(axis=1)


def build(columns):
    model = keras.models.Sequential()
    model.add(keras.Input((columns,)))
    model.add(keras.layers.Dense(16, activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


model = build(table.shape[1])
features = table[:, 1:]
model.fit(features, prices, epochs=1, batch_size=10, verbose=0)  # <- here
