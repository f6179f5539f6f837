# ids = ["keras3.lr_argument"]
# says = []
# healthy = [["lr=config[\"lr\"]", "learning_rate=config[\"lr\"]"]]
"""A training with its settings in a dictionary."""

import keras
import numpy as np

config = {"lr": 1e-3, "units": 5, "epochs": 1}


def compile_model(model, config):
    optimizer = keras.optimizers.Adam(lr=config["lr"])  # <- here
    model.compile(optimizer=optimizer, loss="mse")
    return model


model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(config["units"])])
compile_model(model, config)
model.fit(np.zeros((4, 2)), np.zeros((4, 5)), epochs=config["epochs"], verbose=0)
