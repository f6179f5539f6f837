# ids = ["shape.conv_channels", "shape.gray_vs_rgb", "shape.dense_last_axis"]
# says = ["`images`", "(2, 16, 16, 4)"]
# healthy = [["rng.random((2, 16, 16, 4))", "rng.random((2, 16, 16, 3))"]]
"""PNG files with alpha for a network of three channels."""

import keras
import numpy as np

rng = np.random.default_rng(0)
base = keras.applications.MobileNetV2(
    input_shape=(32, 32, 3), weights=None, include_top=False, alpha=0.35
)
stem = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Resizing(32, 32), base])


def features(images):
    return stem(images)  # <- here


print(features(rng.random((2, 16, 16, 4)).astype("float32")).shape)
