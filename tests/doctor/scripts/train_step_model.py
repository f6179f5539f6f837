# ids = ["shape.broadcast", "loss.output_size_differs", "loss.lengths_differ"]
# says = ["`noise`", "`images`"]
# healthy = [["(tf.shape(images)[0], 8, 9, 1)", "tf.shape(images)"]]
"""A model with a train_step of its own."""

import keras
import numpy as np
import tensorflow as tf


class Denoiser(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = keras.layers.Conv2D(1, 3, padding="same")

    def call(self, images):
        return self.conv(images)

    def train_step(self, images):
        noise = tf.random.normal((tf.shape(images)[0], 8, 9, 1))
        noisy = self.corrupt(images, noise)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(noisy, training=True) - images) ** 2)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}

    def corrupt(self, images, noise):
        return images + 0.1 * noise  # <- here


model = Denoiser()
model.compile(optimizer="adam")
model.fit(np.zeros((8, 8, 8, 1), "float32"), batch_size=4, verbose=0)
