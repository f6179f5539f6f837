# ids = ["autodiff.constant_not_watched"]
# says = ["`image`", "tape.watch"]
# healthy = [["        score = model(image)", "        tape.watch(image)\n        score = model(image)"]]
"""A saliency map."""

import keras
import numpy as np
import tensorflow as tf

model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


def saliency(image, index):
    image = tf.convert_to_tensor(image[None])
    with tf.GradientTape() as tape:
        score = model(image)[:, index]
    gradient = tape.gradient(score, image)
    return tf.reduce_max(tf.abs(gradient), axis=-1)  # <- here


picture = np.random.default_rng(0).random((8, 8, 1)).astype("float32")
print(saliency(picture, 2).shape)
