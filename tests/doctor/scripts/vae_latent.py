# ids = ["shape.broadcast"]
# says = ["`mean`", "`epsilon`"]
# healthy = [["(len(mean), 3)", "tuple(mean.shape)"]]
"""Sampling of a variational autoencoder."""

import tensorflow as tf


class Sampling(tf.keras.layers.Layer):
    def call(self, inputs):
        mean, log_variance = inputs
        epsilon = tf.random.normal((len(mean), 3))
        return mean + tf.exp(0.5 * log_variance) * epsilon  # <- here


z = Sampling()((tf.zeros((5, 2)), tf.zeros((5, 2))))
print(z.shape)
