# ids = ["load.lambda_unsafe"]
# says = []
# healthy = [["keras.layers.Lambda(lambda t: t * 2.0)", "keras.layers.Rescaling(2.0)"]]
"""A model with a Lambda, saved and loaded."""

import keras

PATH = "doubled.keras"


def build():
    inputs = keras.Input((3,))
    x = keras.layers.Lambda(lambda t: t * 2.0)(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(x))


build().save(PATH)
restored = keras.saving.load_model(PATH)  # <- here
print(restored.count_params())
