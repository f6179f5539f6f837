# ids = ["autodiff.no_gradients"]
# says = ["`loss`", "outside"]
# healthy = [["        prediction = model(x)\n    loss = tf.reduce_mean((prediction - y) ** 2)", "        loss = tf.reduce_mean((model(x) - y) ** 2)"]]
"""A loss one line too late."""

import keras
import tensorflow as tf

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam()
x, y = tf.ones((4, 2)), tf.ones((4, 1))
for step in range(2):
    with tf.GradientTape() as tape:
        prediction = model(x)
    loss = tf.reduce_mean((prediction - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # <- here
    print(float(loss))
