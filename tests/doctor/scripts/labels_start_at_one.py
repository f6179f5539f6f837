# ids = ["loss.label_out_of_range.off_by_one"]
# says = ["1 to 3", "3 units"]
# healthy = [["FLOWERS = {\"iris\": 1, \"rose\": 2, \"tulip\": 3}", "FLOWERS = {\"iris\": 0, \"rose\": 1, \"tulip\": 2}"]]
"""Three flowers by their measures, with a loop of our own."""

import numpy as np
import tensorflow as tf

FLOWERS = {"iris": 1, "rose": 2, "tulip": 3}
rng = np.random.default_rng(1)
names = list(FLOWERS) * 20
features = rng.normal(size=(len(names), 4)).astype("float32")
labels = np.array([FLOWERS[name] for name in names])

model = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(3)])
optimizer = tf.keras.optimizers.SGD(0.1)
loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def step(batch, target):
    with tf.GradientTape() as tape:
        logits = model(batch, training=True)
        loss = loss_fn(target, logits)  # <- here
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


dataset = tf.data.Dataset.from_tensor_slices((features, labels)).batch(10)
for epoch in range(2):
    for batch, target in dataset:
        loss = step(batch, target)
    print("epoch", epoch, float(loss))
