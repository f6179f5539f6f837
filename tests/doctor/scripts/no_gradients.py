# ids = ["autodiff.no_gradients"]
# says = ["`gradients`", "None"]
# healthy = [["loss_fn(y, np.asarray(predictions))", "loss_fn(y, predictions)"]]
"""A training step with NumPy in its middle."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
x, y = rng.random((8, 4)).astype("float32"), rng.random((8, 1)).astype("float32")
model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(1)])
optimizer = tf.keras.optimizers.Adam()


def loss_fn(truth, predicted):
    return tf.reduce_mean(tf.square(truth - predicted))


def train_step(x, y):
    with tf.GradientTape() as tape:
        predictions = model(x)
        loss = loss_fn(y, np.asarray(predictions))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # <- here
    return float(loss)


for _ in range(2):
    print(train_step(x, y))
