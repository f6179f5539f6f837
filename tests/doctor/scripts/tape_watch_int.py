# ids = ["autodiff.watch_integer", "autodiff.tape_gradient_none"]
# says = ["`image`", "uint8"]
# healthy = [["tf.constant(photo)[None]", "tf.cast(tf.constant(photo)[None], tf.float32)"], ["tf.cast(image, tf.float32) / 255.0", "image / 255.0"]]
"""Sensitivity to the pixels of a photo."""

import keras
import numpy as np
import tensorflow as tf

model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
photo = np.full((6, 6, 3), 7, np.uint8)


def sensitivity(photo):
    image = tf.constant(photo)[None]
    with tf.GradientTape() as tape:
        tape.watch(image)
        score = model(tf.cast(image, tf.float32) / 255.0)[:, 0]
    gradient = tape.gradient(score, image)
    return tf.reduce_max(tf.abs(gradient), axis=-1)  # <- here


print(sensitivity(photo).shape)
