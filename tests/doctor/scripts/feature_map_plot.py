# ids = ["viz.imshow_shape.feature_map"]
# says = ["(14, 14, 8)"]
# healthy = [["plt.imshow(maps[0])", "plt.imshow(maps[0, ..., 3])"]]
"""What the first layer sees."""

import keras
import matplotlib.pyplot as plt
import numpy as np

inputs = keras.Input((16, 16, 1))
model = keras.Model(inputs, keras.layers.Conv2D(8, 3, name="conv")(inputs))
maps = model.predict(np.random.default_rng(0).random((2, 16, 16, 1)), verbose=0)


def plot(maps):
    plt.imshow(maps[0])  # <- here
    plt.colorbar()
    plt.savefig("map.png")


plot(maps)
