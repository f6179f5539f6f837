# ids = ["python.none_attribute"]
# says = ["`model`", "None"]
# healthy = [["    model = keras.Sequential(", "    global model\n    model = keras.Sequential("]]
"""A model as a global name."""

import keras
import numpy as np

model = None


def setup():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    print(model.name)


def predict(x):
    return model.predict(x, verbose=0)  # <- here


setup()
print(predict(np.zeros((1, 2))))
