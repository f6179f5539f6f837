# ids = ["autodiff.optimizer_unknown_variable"]
# says = ["`optimizer`"]
# healthy = [["for units in (4, 8):", "for units in (4, 8):\n    optimizer = keras.optimizers.Adam(1e-3)"]]
"""Two widths, one after the other."""

import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((10, 3)).astype("float32")
optimizer = keras.optimizers.Adam(1e-3)


def step(model, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(x) ** 2)
    weights = model.trainable_variables
    gradients = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(gradients, weights))  # <- here
    return float(loss)


for units in (4, 8):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    print(units, step(model, optimizer))
