# ids = ["shape.channels_first", "shape.gray_vs_rgb", "shape.wrong_image_size"]
# says = ["`batch`", "(2, 3, 32, 32)", "axis 1"]
# healthy = [["np.transpose(images, (0, 3, 1, 2))", "images"]]
"""Pictures as PyTorch has them."""

import keras
import numpy as np

images = np.random.default_rng(0).random((2, 32, 32, 3)).astype("float32")
batch = np.transpose(images, (0, 3, 1, 2))

inputs = keras.Input((32, 32, 3))
x = keras.layers.Conv2D(8, 3, activation="relu")(inputs)
outputs = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(x))
model = keras.Model(inputs, outputs)


def logits(batch):
    return model(batch, training=False)  # <- here


print(logits(batch).shape)
