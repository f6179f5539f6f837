# ids = ["load.weights_shape_mismatch", "load.weights_shape_mismatch.classes", "load.weight_count_mismatch", "load.layer_variables_missing"]
# says = ["`head`", "(8, 10)", "(8, 3)"]
# healthy = [["student = network(3)", "student = network(10)"]]
"""Weights of ten classes for a network of three."""

import keras
from keras import layers


def network(classes):
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="body"),
            layers.Dense(classes, name="head"),
        ]
    )


teacher = network(10)
teacher.save_weights("teacher.weights.h5")
student = network(3)


def transfer(model, path):
    model.load_weights(path)  # <- here
    return model


print(transfer(student, "teacher.weights.h5").count_params())
