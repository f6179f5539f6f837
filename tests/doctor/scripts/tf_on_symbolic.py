# ids = ["keras3.kerastensor_in_tf_function"]
# says = ["`x`"]
# healthy = [["tf.reduce_mean(x, axis=-1, keepdims=True)", "keras.ops.mean(x, axis=-1, keepdims=True)"]]
"""Attention over the channels' mean."""

import keras
import tensorflow as tf
from keras import layers


def spatial_attention(x):
    mean = tf.reduce_mean(x, axis=-1, keepdims=True)  # <- here
    weight = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(mean)
    return layers.Multiply()([x, weight])


def build(size):
    inputs = keras.Input((size, size, 3))
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    x = spatial_attention(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(1)(x))


model = build(16)
print(model.count_params(), tf.__version__ != "")
