# ids = ["loss.integer_labels_with_categorical"]
# says = ["`kinds` is (6,)"]
# advises = ["measure = keras.losses.SparseCategoricalCrossentropy()"]
# never = ["model.compile", "30 different values"]
# healthy = [["keras.losses.CategoricalCrossentropy", "keras.losses.SparseCategoricalCrossentropy"]]
"""A loop of one's own with a loss object."""

import keras
import numpy as np
import tensorflow as tf

net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="softmax")])
measure = keras.losses.CategoricalCrossentropy()


def loss_of(batch, kinds):
    shares = net(batch, training=True)
    return measure(kinds, shares)  # <- here


with tf.GradientTape() as tape:
    loss = loss_of(np.ones((6, 4), "float32"), np.array([0, 1, 2, 3, 4, 0]))
print(float(loss), len(tape.gradient(loss, net.trainable_variables)))
