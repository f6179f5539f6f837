# ids = ["autodiff.minimize_tensor"]
# says = ["`optimizer`"]
# healthy = [["optimizer.minimize(loss, [w, b])", "optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b]))"], ["print(step())", "print(float(step()))"]]
"""A line through points."""

import keras
import tensorflow as tf

x = tf.linspace(0.0, 1.0, 20)
y = 3.0 * x + 1.0
w, b = tf.Variable(0.0), tf.Variable(0.0)
optimizer = keras.optimizers.SGD(0.1)


def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((w * x + b - y) ** 2)
    optimizer.minimize(loss, [w, b])  # <- here
    return loss


for _ in range(5):
    print(step())
