# ids = ["numpy.inplace_cast"]
# says = ["`batch`", "uint8"]
# healthy = [["rng.integers(0, 255, (4, 6, 6, 3), np.uint8)", "rng.random((4, 6, 6, 3))"]]
"""Scaling in place."""

import numpy as np

rng = np.random.default_rng(0)


class Loader:
    def __init__(self, images):
        self.images = images

    def __iter__(self):
        for start in range(0, len(self.images), 2):
            batch = self.images[start : start + 2]
            batch /= 255.0  # <- here
            yield batch


loader = Loader(rng.integers(0, 255, (4, 6, 6, 3), np.uint8))
print(sum(float(batch.mean()) for batch in loader))
