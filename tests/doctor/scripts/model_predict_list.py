# ids = ["data.unrecognized_type", "data.cardinality", "shape.input_count", "data.cardinality.list_of_samples"]
# says = ["`batch`"]
# healthy = [["model.predict(batch,", "model.predict(np.stack(batch),"]]
"""A list of pictures to predict."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])


def predict(pictures):
    batch = [picture[..., None] for picture in pictures]
    return model.predict(batch, verbose=0)  # <- here


print(predict(np.zeros((3, 4, 4), "float32")).shape)
