# ids = ["autodiff.no_gradients", "autodiff.tape_gradient_none"]
# says = ["None"]
# healthy = [["tape.gradient(loss, other.trainable_variables)", "tape.gradient(loss, model.trainable_variables)"], ["zip(grads, other.trainable_variables)", "zip(grads, model.trainable_variables)"]]
"""Gradients by the weights of another model."""

import keras
import tensorflow as tf

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
other = keras.models.clone_model(model)
optimizer = keras.optimizers.SGD()


@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x, training=True))
    grads = tape.gradient(loss, other.trainable_variables)
    optimizer.apply_gradients(zip(grads, other.trainable_variables))  # <- here
    return loss


print(step(tf.ones((2, 3))))
