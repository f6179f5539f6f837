# ids = ["load.custom_class_unknown"]
# says = ["Scale", "custom_objects"]
# healthy = [["keras.models.load_model(path)", "keras.models.load_model(path, custom_objects={\"Scale\": Scale})"]]
"""Save a model with a layer of our own, and load it again."""

import keras
import numpy as np


class Scale(keras.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def save(path):
    model = keras.Sequential([keras.Input((4,)), Scale(3.0), keras.layers.Dense(2)])
    model.save(path)


def restore(path):
    return keras.models.load_model(path)  # <- here


save("scaled.keras")
print(restore("scaled.keras")(np.ones((1, 4), "float32")).shape)
