# ids = ["load.weights_shape_mismatch"]
# says = ["`block1`", "(3, 3, 3, 8)", "(5, 5, 3, 8)"]
# healthy = [["network(3).load_weights", "network(5).load_weights"]]
"""Weights of another kernel size."""

import keras


def network(kernel):
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, kernel, name="block1"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, name="head"),
        ]
    )


network(5).save_weights("five.weights.h5")
model = network(3).load_weights("five.weights.h5")  # <- here
print(model)
