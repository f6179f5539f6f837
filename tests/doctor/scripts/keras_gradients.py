# ids = ["keras.backend_attr_removed", "autodiff.gradients_eager"]
# says = []
# healthy = [["K.gradients(loss, image)[0]", "loss"]]
"""The old way of a gradient."""

import keras
import tensorflow as tf
from keras import backend as K

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


def ascend(image):
    loss = tf.reduce_mean(model(image)[:, 1])
    grads = K.gradients(loss, image)[0]  # <- here
    return grads


print(ascend(tf.ones((1, 4))))
