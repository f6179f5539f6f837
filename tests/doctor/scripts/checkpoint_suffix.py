# ids = ["keras3.checkpoint_extension"]
# says = []
# healthy = [["\"best.hdf5\"", "\"best.keras\""]]
"""Keep the best model."""

import keras
import numpy as np


def callbacks(name):
    return [
        keras.callbacks.ModelCheckpoint(name, monitor="loss", save_best_only=True),  # <- here
        keras.callbacks.ReduceLROnPlateau(monitor="loss"),
    ]


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(np.ones((4, 2)), np.ones((4, 1)), callbacks=callbacks("best.hdf5"), verbose=0)
