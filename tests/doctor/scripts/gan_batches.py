# ids = ["shape.concatenate_mismatch", "numpy.concatenate_shapes"]
# says = ["`fake`", "`real`", "axis 3 differs"]
# healthy = [["keras.layers.Conv2DTranspose(1, 4,", "keras.layers.Conv2DTranspose(3, 4,"]]
"""One step of a GAN."""

import keras
import numpy as np
import tensorflow as tf

generator = keras.Sequential(
    [
        keras.Input((8,)),
        keras.layers.Dense(4 * 4 * 2),
        keras.layers.Reshape((4, 4, 2)),
        keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same"),
    ]
)
photos = np.random.default_rng(0).random((6, 8, 8, 3)).astype("float32")


def discriminator_batch(real, count):
    noise = tf.random.normal((count, 8))
    fake = generator(noise, training=False)
    images = tf.concat([real, fake], axis=0)  # <- here
    labels = tf.concat([tf.ones((len(real), 1)), tf.zeros((count, 1))], axis=0)
    return images, labels


images, labels = discriminator_batch(photos, 6)
print(images.shape, labels.shape)
