# ids = ["fs.file_missing"]
# says = ["config/train.json", "configs"]
# healthy = [["\"config/train.json\"", "\"configs/train.json\""]]
"""Settings read from a file beside the script."""

import json
import os

import keras

os.makedirs("configs")
json.dump({"units": 4}, open("configs/train.json", "w"))


def settings(path="config/train.json"):
    with open(path) as file:  # <- here
        return json.load(file)


model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(settings()["units"])])
print(model.count_params())
