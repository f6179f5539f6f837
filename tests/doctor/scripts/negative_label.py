# ids = ["loss.label_out_of_range.negative"]
# says = ["`y`", "-1"]
# healthy = [["[-1, 1]", "[0, 1]"]]
"""A two-class problem with labels of the SVM kind."""

import keras
import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(32, 2))
y = rng.choice([-1, 1], 32)

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(x, y, epochs=2, verbose=0)  # <- here
