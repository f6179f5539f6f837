# ids = ["autodiff.tape_non_persistent"]
# says = []
# healthy = [["tf.GradientTape()", "tf.GradientTape(persistent=True)"]]
"""Two networks, one tape."""

import keras
import tensorflow as tf

generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
critic = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
optimizers = [keras.optimizers.Adam(), keras.optimizers.Adam()]


def step(noise):
    with tf.GradientTape() as tape:
        score = tf.reduce_mean(critic(generator(noise)))
        losses = [-score, score]
    for model, loss, optimizer in zip((generator, critic), losses, optimizers):
        grads = tape.gradient(loss, model.trainable_variables)  # <- here
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return score


print(float(step(tf.random.normal((3, 4)))))
