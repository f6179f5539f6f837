# ids = ["python.argument_missing"]
# says = []
# healthy = [["model_of(8)", "model_of(8, 2)"]]
"""A builder called with too little."""

import keras


def model_of(units, classes):
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dense(classes)]
    )


network = model_of(8)  # <- here
print(network.count_params())
