# ids = ["shape.input_names"]
# says = []
# advises = ["Call it 'text' where the data are made ('words' now)"]
# never = ["model.input_names"]
# healthy = [["\"words\": rng", "\"text\": rng"]]
"""Two inputs by name, one of them by another name."""

import keras
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(0)
text, price = keras.Input((4,), name="text"), keras.Input((1,), name="price")
both = keras.layers.Concatenate()([text, price])
model = keras.Model([text, price], keras.layers.Dense(1)(both))
model.compile("sgd", "mse")
inputs = {"words": rng.random((8, 4)), "price": rng.random((8, 1))}
rows = tf.data.Dataset.from_tensor_slices((inputs, rng.random((8, 1)))).batch(4)
model.fit(rows, verbose=0)  # <- here
