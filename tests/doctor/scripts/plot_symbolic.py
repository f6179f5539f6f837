# ids = ["keras3.kerastensor_has_no_values", "viz.kerastensor_plotted"]
# says = ["KerasTensor"]
# healthy = [["layer.output[0, ..., 0]", "keras.Model(model.inputs, layer.output)(np.zeros((1, 12, 12, 1), \"float32\"))[0, ..., 0]"]]
"""A layer's output as a picture."""

import keras
import matplotlib.pyplot as plt
import numpy as np

model = keras.Sequential(
    [keras.Input((12, 12, 1)), keras.layers.Conv2D(2, 3, name="conv"), keras.layers.Flatten()]
)
model(np.zeros((1, 12, 12, 1), "float32"))


def picture_of(model, name):
    layer = model.get_layer(name)
    image = layer.output[0, ..., 0]
    figure, axis = plt.subplots()
    axis.imshow(image)  # <- here
    return figure


picture_of(model, "conv").savefig("conv.png")
