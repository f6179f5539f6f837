# ids = ["loss.label_out_of_range.void"]
# says = ["label 255", "labels 0 to 5"]
# advises = ["ignore_class=255", "from_logits=True"]
# never = ["mask > 127"]
# healthy = [["from_logits=True)", "from_logits=True, ignore_class=255)"]]
"""Streets in six classes, with a border that nobody labelled."""

import keras
import numpy as np

rng = np.random.default_rng(3)
streets = rng.random((4, 12, 12, 3)).astype("float32")
regions = rng.integers(0, 6, (4, 12, 12)).astype("uint8")
regions[:, :, -1] = 255

net = keras.Sequential([keras.Input((12, 12, 3)), keras.layers.Conv2D(6, 3, padding="same")])
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def mistake(batch, truth):
    return criterion(truth, net(batch))  # <- here


print(float(mistake(streets, regions)))
