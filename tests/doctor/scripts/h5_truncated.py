# ids = ["load.not_hdf5", "load.hdf5_truncated"]
# says = ["model.h5"]
# healthy = [["open(\"model.h5\", \"wb\").write(b\"<!DOCTYPE html><html>\")", "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(\"model.h5\")"]]
"""A model that was downloaded."""

import keras

open("model.h5", "wb").write(b"<!DOCTYPE html><html>")


def load():
    model = keras.models.load_model("model.h5")  # <- here
    return model


print(load().count_params())
