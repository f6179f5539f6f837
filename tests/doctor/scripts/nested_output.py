# ids = ["keras.graph_disconnected_nested"]
# says = ["base"]
# healthy = [["keras.Model(model.inputs, both)", "keras.Model(base.inputs, both)"], ["[layer.output, model.output]", "[layer.output, base.outputs[0]]"]]
"""A model with two outputs, for heatmaps."""

import keras
import numpy as np
from keras import layers

photo = keras.Input((24, 24, 3))
base = keras.Model(photo, layers.ReLU()(layers.Conv2D(4, 3, name="conv")(photo)), name="base")
inputs = keras.Input((24, 24, 3))
features = base(inputs)
outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(features))
model = keras.Model(inputs, outputs)


def grad_model(model, name):
    layer = base.get_layer(name)
    both = [layer.output, model.output]
    return keras.Model(model.inputs, both)(photos)  # <- here


photos = np.zeros((1, 24, 24, 3), "float32")
print(len(grad_model(model, "conv")))
