# ids = ["tf.dtype_mismatch"]
# says = ["float16", "float32"]
# healthy = [["tf.ones((2, 3), tf.float16)", "tf.ones((2, 3))"]]
"""Half precision in one place."""

import tensorflow as tf


class Adapter(tf.keras.layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, inputs):
        half = tf.ones((2, 3), tf.float16)
        return tf.multiply(half, tf.convert_to_tensor(self.scale))  # <- here


print(Adapter()(tf.ones((2, 3))).shape)
