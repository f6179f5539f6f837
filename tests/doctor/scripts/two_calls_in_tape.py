# ids = ["autodiff.tape_gradient_none"]
# says = ["`logit` comes from `network(photo)`", "`maps` from `front(photo)`"]
# never = ["has no gradient"]
# healthy = [["scores = network(photo)", "scores = back(maps)"]]
"""Saliency of feature maps, the score from another call."""

import keras
import tensorflow as tf

photo = tf.random.normal((1, 8, 8, 1), seed=1)
first = keras.layers.Conv2D(3, 3)
front = keras.Sequential([keras.Input((8, 8, 1)), first])
back = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(4)])
network = keras.Sequential([front, back])


def saliency(wanted=None):
    with tf.GradientTape() as tape:
        maps = front(photo)
        tape.watch(maps)
        scores = network(photo)
        if wanted is None:
            wanted = int(tf.argmax(scores[0]))
        logit = scores[:, wanted]
    slope = tape.gradient(logit, maps)
    return tf.reduce_max(tf.abs(slope), axis=-1)  # <- here


print(saliency().shape)
