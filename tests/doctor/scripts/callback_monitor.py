# ids = ["load.keras_zip_not_found", "keras3.save_extension", "keras3.checkpoint_extension", "load.weights_only_file"]
# says = []
# healthy = [["model.save(\"final\")", "model.save(\"final.keras\")"]]
"""A model saved without a suffix."""

import keras


def finish(model):
    model.save("final")  # <- here


finish(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
