# ids = ["shape.input_count"]
# says = []
# healthy = [["model.predict(images,", "model.predict([images, ages],"]]
"""Two inputs, one given."""

import keras
import numpy as np

image = keras.Input((8, 8, 1), name="image")
age = keras.Input((1,), name="age")
joined = keras.layers.Concatenate()([keras.layers.Flatten()(image), age])
model = keras.Model([image, age], keras.layers.Dense(1)(joined))

images = np.zeros((3, 8, 8, 1), "float32")
ages = np.ones((3, 1), "float32")


def predict():
    return model.predict(images, verbose=0)  # <- here


print(predict().shape)
