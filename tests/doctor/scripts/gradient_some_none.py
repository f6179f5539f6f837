# ids = ["autodiff.tape_gradient_none", "autodiff.gradients_missing_some"]
# says = ["unused", "None"]
# healthy = [["[tf.norm(g) for g in grads]", "[tf.norm(g) for g in grads if g is not None]"]]
"""The size of each gradient; a layer is not used."""

import keras
import tensorflow as tf


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.used = keras.layers.Dense(2, name="used")
        self.unused = keras.layers.Dense(2, name="unused")
        self.unused.build((None, 3))

    def call(self, x):
        return self.used(x)


net = Net()
x = tf.ones((4, 3))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net(x))
grads = tape.gradient(loss, net.trainable_variables)
sizes = [tf.norm(g) for g in grads]  # <- here
print([float(size) for size in sizes])
