# ids = ["python.none_attribute", "python.wrong_kind", "keras.callback_validation_data", "python.key_missing", "keras.history_no_validation"]
# says = ["'val_loss'"]
# healthy = [["logs[\"val_loss\"]", "logs[\"loss\"]"]]
"""A callback that looks for what isn't there."""

import keras
import numpy as np


class Best(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.best = float("inf")

    def on_epoch_end(self, epoch, logs=None):
        value = logs["val_loss"]  # <- here
        self.best = min(self.best, value)


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones((4, 1)), callbacks=[Best()], verbose=0)
