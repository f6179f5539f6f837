# ids = ["loss.class_count", "loss.target_output_shape", "loss.integer_labels_with_categorical", "loss.logits_labels_size", "shape.broadcast"]
# says = ["`labels`", "`logits`"]
# healthy = [["CategoricalCrossentropy(from_logits=True)", "SparseCategoricalCrossentropy(from_logits=True)"]]
"""A loss object called by hand."""

import keras
import numpy as np

loss_object = keras.losses.CategoricalCrossentropy(from_logits=True)
net = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4)])


def evaluate(batch, labels):
    logits = net(batch)
    return loss_object(labels, logits)  # <- here


print(float(evaluate(np.zeros((3, 5), "float32"), np.array([0, 3, 1]))))
