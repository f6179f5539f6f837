# ids = ["python.key_missing"]
# says = ["'learning_rate'", "'learningrate'"]
# healthy = [["\"learningrate\"", "\"learning_rate\""]]
"""Settings from a file."""

import json

import keras

with open("config.json", "w") as file:
    json.dump({"model": {"units": 8}, "training": {"learningrate": 0.01, "epochs": 2}}, file)


def optimizer_of(config):
    training = config["training"]
    return keras.optimizers.Adam(training["learning_rate"])  # <- here


with open("config.json") as file:
    config = json.load(file)
optimizer = optimizer_of(config)
print(float(optimizer.learning_rate))
