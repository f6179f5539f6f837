# ids = ["shape.extra_batch_dim", "shape.too_many_dims", "shape.wrong_image_size", "shape.one_dimensional_input"]
# says = ["`batch`", "(1, 4, 6, 6, 1)"]
# healthy = [["np.expand_dims(batch, 0)", "batch"]]
"""A batch that gets a second batch axis."""

import keras
import numpy as np

model = keras.Sequential(
    [keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, name="conv"), keras.layers.Flatten()]
)


def predict(batch):
    batch = np.expand_dims(batch, 0)
    return model(batch)  # <- here


pictures = np.zeros((4, 6, 6, 1), "float32")
print(predict(pictures).shape)
