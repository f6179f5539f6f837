# ids = ["loss.target_output_shape", "loss.output_size_differs", "loss.mask_channels"]
# says = ["`masks`", "(4, 30, 30, 1)", "(None, 32, 32, 1)"]
# healthy = [["np.zeros((4, 30, 30, 1))", "np.zeros((4, 32, 32, 1))"]]
"""Segmentation with masks of another size."""

import keras
import numpy as np


def unet():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    outputs = keras.layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    return keras.Model(inputs, outputs)


images, masks = np.zeros((4, 32, 32, 3)), np.zeros((4, 30, 30, 1))
model = unet()
model.compile("adam", "binary_crossentropy")
model.fit(images, masks, verbose=0)  # <- here
