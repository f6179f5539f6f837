# ids = ["autodiff.tape_gradient_none", "autodiff.no_gradients"]
# says = ["predict"]
# healthy = [["model.predict(x, verbose=0)", "model(x)"]]
"""A training loop that asks `predict`."""

import keras
import numpy as np
import tensorflow as tf

x = np.random.default_rng(0).random((6, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = keras.optimizers.SGD(0.01)

    def step(self, x, y):
        with tf.GradientTape() as tape:
            prediction = self.model.predict(x, verbose=0)
            loss = tf.reduce_mean((prediction - y) ** 2)
        gradients = tape.gradient(loss, self.model.trainable_variables)
        clipped = [tf.clip_by_norm(g, 1.0) for g in gradients]  # <- here
        self.optimizer.apply_gradients(zip(clipped, self.model.trainable_variables))


model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
Trainer(model).step(x, y)
