# ids = ["autodiff.tape_gradient_none"]
# says = ["argmax"]
# healthy = [["tf.cast(tf.argmax(prediction, axis=1), tf.float32)", "tf.reduce_max(prediction, axis=1)"]]
"""Gradient of the most likely class."""

import keras
import tensorflow as tf

model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
x = tf.Variable(tf.random.normal((2, 6), seed=0))


def sensitivity(model, x):
    with tf.GradientTape() as tape:
        prediction = model(x)
        best = tf.cast(tf.argmax(prediction, axis=1), tf.float32)
    grad = tape.gradient(best, x)
    return grad.numpy().mean()  # <- here


print(sensitivity(model, x))
