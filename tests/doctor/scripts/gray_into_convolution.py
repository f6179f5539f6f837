# ids = ["shape.gray_vs_rgb"]
# says = ["`photo` is (1, 32, 32, 1)", "axis 3 is 1 where 3 is wanted"]
# healthy = [["np.ones((1, 32, 32, 1)", "np.ones((1, 32, 32, 3)"]]
"""A gray photo for a network of colour inside another."""

import keras
import numpy as np

body = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, include_top=False, weights=None)
photos = keras.Input((32, 32, 3))
network = keras.Model(photos, keras.layers.GlobalMaxPooling2D()(body(photos)))
photo = np.ones((1, 32, 32, 1), "float32")
print(network.predict(photo, verbose=0).shape)  # <- here
