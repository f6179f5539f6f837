# ids = ["keras.history_key_acc"]
# says = ["`logs` has no 'accuracy'"]
# advises = ["logs[\"acc\"]"]
# never = ["The history has no"]
# healthy = [["metrics=[\"acc\"]", "metrics=[\"accuracy\"]"]]
"""A callback of one's own reads a metric by the name it has elsewhere."""

import keras
import numpy as np


class Best(keras.callbacks.Callback):
    value = 0.0

    def on_epoch_end(self, epoch, logs=None):
        self.value = max(self.value, logs["accuracy"])  # <- here


model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
best = Best()
model.fit(np.ones((8, 3)), np.arange(8) % 2, verbose=0, callbacks=[best])
print(best.value)
