# ids = ["tf.dtype_mismatch"]
# says = ["`image`", "uint8", "`noise`", "float32"]
# healthy = [["image = tf.constant(pixels)", "image = tf.cast(pixels, tf.float32)"]]
"""Noise on a photo."""

import numpy as np
import tensorflow as tf

pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)


@tf.function
def limit(image):
    return tf.clip_by_value(image, 0.0, 255.0)


def disturb(image, strength=5.0):
    noise = tf.random.normal(image.shape) * strength
    noisy = image + noise  # <- here
    return limit(noisy)


image = tf.constant(pixels)
print(disturb(image).dtype)
