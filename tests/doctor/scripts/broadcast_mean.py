# ids = ["numpy.broadcast", "numpy.broadcast_pictures"]
# says = ["`images`", "`mean`", "(6, 3, 10, 10)", "axis"]
# healthy = [["images.transpose(0, 3, 1, 2)", "images"]]
"""Channel means taken off."""

import numpy as np

MEAN = [123.68, 116.78, 103.94]


class Preprocess:
    def __init__(self, mean):
        self.mean = np.array(mean)

    def __call__(self, images):
        mean = self.mean
        return images - mean  # <- here


images = np.random.default_rng(0).integers(0, 255, (6, 10, 10, 3)).astype("float32")
images = images.transpose(0, 3, 1, 2)
print(Preprocess(MEAN)(images).mean())
