# ids = ["autodiff.optimizer_unknown_variable"]
# says = ["`self.optimizer`"]
# healthy = [["        base.trainable = True\n", "        base.trainable = True\n        self.optimizer = keras.optimizers.Adam()\n"]]
"""Fine-tuning in two stages with one optimizer."""

import keras
import tensorflow as tf

base = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)], name="base")
base.trainable = False
model = keras.Sequential([keras.Input((6,)), base, keras.layers.Dense(1)])


class Stages:
    def __init__(self, model):
        self.model = model
        self.optimizer = keras.optimizers.Adam()

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.model(x) ** 2)
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))  # <- here
        return float(loss)

    def unfreeze(self):
        base.trainable = True


stages = Stages(model)
print(stages.step(tf.ones((2, 6))))
stages.unfreeze()
print(stages.step(tf.ones((2, 6))))
