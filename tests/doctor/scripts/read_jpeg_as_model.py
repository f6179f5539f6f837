# ids = ["load.savedmodel_in_keras3", "load.file_missing", "load.keras_zip_not_found", "load.empty_path"]
# says = ["model_final"]
# healthy = [["load_model(\"model_final\")", "load_model(\"model_final.keras\")"]]
"""A model's name without its suffix."""

import keras

keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save("model_final.keras")


def restore():
    return keras.models.load_model("model_final")  # <- here


print(restore().count_params())
