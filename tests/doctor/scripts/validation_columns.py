# ids = ["loss.class_count"]
# says = ["2"]
# healthy = [["to_categorical(y[16:])", "to_categorical(y[16:], 3)"]]
"""One-hot labels of a part that lacks a class."""

import keras
import numpy as np

x = np.random.default_rng(0).random((20, 4))
y = np.array([0, 1, 2, 1] * 4 + [0, 1, 0, 1])
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
y_train = keras.utils.to_categorical(y[:16])
y_test = keras.utils.to_categorical(y[16:])
model.fit(x[:16], y_train, epochs=1, verbose=0)
loss, accuracy = model.evaluate(x[16:], y_test, verbose=0)  # <- here
print(loss, accuracy)
