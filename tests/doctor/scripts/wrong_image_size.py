# ids = ["shape.wrong_image_size", "shape.flatten_size_changed"]
# says = ["`photos`", "(4, 40, 40, 3)", "32"]
# healthy = [["rng.random((4, 40, 40, 3))", "rng.random((4, 32, 32, 3))"]]
"""Photos of another size than the network learned on."""

import keras
import numpy as np

rng = np.random.default_rng(0)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.features = keras.Sequential(
            [
                keras.Input((32, 32, 3)),
                keras.layers.Conv2D(4, 3),
                keras.layers.Flatten(),
                keras.layers.Dense(4),
            ]
        )
        self.head = keras.layers.Dense(2)

    def call(self, photos):
        return self.head(self.features(photos))  # <- here


net = Net()
photos = rng.random((4, 40, 40, 3)).astype("float32")
print(net(photos).shape)
