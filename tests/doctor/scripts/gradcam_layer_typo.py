# ids = ["keras.layer_not_found"]
# says = ["'conv_last'"]
# healthy = [["\"conv2d_last\"", "\"conv_last\""]]
"""Grad-CAM with a misspelt layer."""

import keras
import numpy as np
import tensorflow as tf

inputs = keras.Input((20, 20, 3))
x = keras.layers.Conv2D(4, 3, name="conv_first")(inputs)
x = keras.layers.Conv2D(4, 3, name="conv_last")(x)
outputs = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, outputs)


class GradCam:
    def __init__(self, model, layer_name):
        layer = model.get_layer(layer_name)  # <- here
        self.both = keras.Model(model.inputs, [layer.output, model.output])

    def __call__(self, image, index):
        with tf.GradientTape() as tape:
            maps, scores = self.both(image)
            score = scores[:, index]
        grads = tape.gradient(score, maps)
        return tf.reduce_sum(tf.reduce_mean(grads, (1, 2)) * maps[0], -1)


cam = GradCam(model, "conv2d_last")
print(cam(np.zeros((1, 20, 20, 3), "float32"), 0).shape)
