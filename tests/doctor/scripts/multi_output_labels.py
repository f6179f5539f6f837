# ids = ["loss.class_count", "loss.target_output_shape", "shape.output_count", "loss.output_size_differs", "data.cardinality.multi_input", "loss.multi_output", "loss.integer_labels_with_categorical"]
# says = []
# healthy = [["{\"kind\": kinds, \"size\": sizes}", "{\"kind\": np.eye(3)[kinds], \"size\": sizes}"]]
"""Two outputs, each with its labels."""

import keras
import numpy as np

inputs = keras.Input((4,))
x = keras.layers.Dense(8)(inputs)
kind = keras.layers.Dense(3, activation="softmax", name="kind")(x)
size = keras.layers.Dense(1, name="size")(x)
model = keras.Model(inputs, {"kind": kind, "size": size})
model.compile("adam", {"kind": "categorical_crossentropy", "size": "mse"})

features = np.zeros((6, 4), "float32")
kinds, sizes = np.arange(6) % 3, np.ones((6, 1))
model.fit(features, {"kind": kinds, "size": sizes}, verbose=0)  # <- here
