# ids = ["shape.wrong_image_size", "shape.flatten_size_changed"]
# says = ["`photo`", "(1, 28, 20, 1)", "axis 2 is 20"]
# healthy = [["np.zeros((28, 20))", "np.zeros((28, 28))"]]
"""A digit classifier asked for a picture of another width."""

import keras
import numpy as np


def classifier():
    model = keras.Sequential()
    model.add(keras.Input((28, 28, 1)))
    model.add(keras.layers.Conv2D(4, 3, activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(10, activation="softmax"))
    return model


def predict(model, photo):
    photo = photo[None, ..., None].astype("float32")
    return model.predict(photo, verbose=0).argmax()  # <- here


print(predict(classifier(), np.zeros((28, 20))))
