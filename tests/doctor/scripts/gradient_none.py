# ids = ["autodiff.tape_gradient_none"]
# says = ["`grads`", "None"]
# healthy = [["        predictions = model(image)", "        conv_output = feature_model(image)\n        predictions = head(conv_output)"]]
"""A heatmap by hand."""

import keras
import numpy as np
import tensorflow as tf

inputs = keras.Input((16, 16, 3))
conv = keras.layers.Conv2D(4, 3, name="conv")(inputs)
pooled = keras.layers.GlobalAveragePooling2D()(conv)
outputs = keras.layers.Dense(2, name="scores")(pooled)
model = keras.Model(inputs, outputs)
feature_model = keras.Model(inputs, conv)
head = keras.Sequential([keras.layers.GlobalAveragePooling2D(), model.get_layer("scores")])


def heatmap(image, index):
    conv_output = feature_model(image)
    with tf.GradientTape() as tape:
        predictions = model(image)
        score = predictions[:, index]
    grads = tape.gradient(score, conv_output)
    weights = tf.reduce_mean(grads, axis=(1, 2))  # <- here
    return tf.nn.relu(tf.reduce_sum(conv_output * weights[:, None, None], axis=-1))


image = tf.constant(np.random.default_rng(0).random((1, 16, 16, 3)), tf.float32)
print(heatmap(image, 1).shape)
