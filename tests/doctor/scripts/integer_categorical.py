# ids = ["loss.integer_labels_with_categorical"]
# says = ["`y`", "0 to 2", "3 units"]
# healthy = [["loss=\"categorical_crossentropy\"", "loss=\"sparse_categorical_crossentropy\""]]
"""Three classes with whole numbers as labels."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.random((24, 6)).astype("float32")
y = np.arange(24) % 3


def compiled(width):
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(width, activation="relu")(inputs)
    outputs = keras.layers.Dense(3, activation="softmax", name="classes")(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="sgd", loss="categorical_crossentropy")
    return model


for width in (4, 8):
    model = compiled(width)
    model.fit(x, y, verbose=0)  # <- here
    print(width, model.count_params())
