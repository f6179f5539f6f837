# ids = ["load.imagenet_top_shape", "load.imagenet_classes", "load.imagenet_channels", "load.imagenet_input_too_small"]
# says = []
# healthy = [["input_shape=(16, 16, 3)", "input_shape=(64, 64, 3)"]]
"""A base for tiny pictures."""

import keras


def base():
    return keras.applications.ResNet50(  # <- here
        weights=None, include_top=False, input_shape=(16, 16, 3)
    )


print(base().count_params())
