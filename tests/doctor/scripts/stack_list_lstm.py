# ids = ["shape.missing_time_dim", "shape.too_few_dims", "shape.missing_batch_dim"]
# says = ["`series`", "(12, 5)"]
# healthy = [["model.predict(series,", "model.predict(series[None],"]]
"""A recurrent network asked for one series."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((12, 5)), keras.layers.LSTM(4), keras.layers.Dense(1)])


def forecast(series):
    prediction = model.predict(series, verbose=0)  # <- here
    return float(prediction[0, 0])


series = np.random.default_rng(0).random((12, 5)).astype("float32")
print(forecast(series))
