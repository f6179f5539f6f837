# ids = ["python.none_attribute", "autodiff.tape_gradient_none"]
# says = ["`model`", "None", "`build`", "return"]
# healthy = [["    model.compile(\"adam\", \"mse\")\n", "    model.compile(\"adam\", \"mse\")\n    return model\n"]]
"""A function that forgets to hand its model back."""

import keras
import numpy as np


def build(units):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
    model.compile("adam", "mse")


model = build(2)
x = np.zeros((8, 4))
model.fit(x, np.zeros((8, 2)), verbose=0)  # <- here
