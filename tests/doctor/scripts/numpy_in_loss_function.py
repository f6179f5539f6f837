# ids = ["autodiff.no_gradients"]
# says = ["calls `distance`, where line 15 has", "NumPy leaves the tape"]
# healthy = [["np.asarray(a)", "a"]]
"""A loss of one's own, written with NumPy."""

import keras
import numpy as np
import tensorflow as tf

net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
adam = keras.optimizers.Adam()


def distance(a, b):
    a = np.asarray(a)
    return tf.reduce_mean(tf.square(a - b))


x = tf.random.normal((6, 4))
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = distance(net(x), tf.zeros((6, 2)))
    slopes = tape.gradient(loss, net.trainable_variables)
    adam.apply_gradients(zip(slopes, net.trainable_variables))  # <- here
