# ids = ["keras3.layer_never_called"]
# says = ["`model`"]
# healthy = [["model = build()", "model = build()\nmodel(np.zeros((1, 8, 8, 1), \"float32\"))"]]
"""What the layers give."""

import keras
import numpy as np
from keras import layers


def build():
    return keras.Sequential(
        [layers.Conv2D(2, 3, name="edges"), layers.Flatten(), layers.Dense(3, name="scores")]
    )


def tap(model, name):
    return keras.Model(model.inputs, model.get_layer(name).output)  # <- here


model = build()
edges = tap(model, "edges")
print(edges(np.zeros((2, 8, 8, 1), "float32")).shape)
