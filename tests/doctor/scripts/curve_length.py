# ids = ["viz.xy_length"]
# says = ["`epochs`", "10", "3"]
# healthy = [["epochs = range(EPOCHS)", "epochs = range(len(history.history[\"loss\"]))"]]
"""A learning curve, with early stopping."""

import keras
import matplotlib.pyplot as plt
import numpy as np

EPOCHS = 10
x = np.zeros((32, 3), "float32")
y = np.zeros((32, 1), "float32")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
model.compile(loss="mse")
stop = keras.callbacks.EarlyStopping(monitor="loss", patience=2)
history = model.fit(x, y, epochs=EPOCHS, callbacks=[stop], verbose=0)


def plot(history):
    epochs = range(EPOCHS)
    plt.plot(epochs, history.history["loss"], label="loss")  # <- here
    plt.legend()
    plt.savefig("curve.png")


plot(history)
