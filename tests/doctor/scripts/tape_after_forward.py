# ids = ["autodiff.no_gradients"]
# says = ["`guess` was computed on line 19", "opened on line 20"]
# healthy = [["    guess = model(x, training=True)\n    with tf.GradientTape() as tape:\n", "    with tf.GradientTape() as tape:\n        guess = model(x, training=True)\n"]]
"""A training step in functions."""

import keras
import numpy as np
import tensorflow as tf

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)


def apply(changes):
    optimizer.apply_gradients(zip(changes, model.trainable_variables))  # <- here


def step(x, y):
    guess = model(x, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((guess - y) ** 2)
    apply(tape.gradient(loss, model.trainable_variables))
    return loss


x = np.ones((4, 3), "float32")
print(float(step(x, x[:, :1])))
