# ids = ["load.savedmodel_in_keras3"]
# says = ["export", "folder"]
# healthy = [["keras.models.load_model(\"export\")", "model"]]
"""A SavedModel loaded as of old."""

import keras
import numpy as np

model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.export("export", verbose=False)

loaded = keras.models.load_model("export")  # <- here
print(loaded(np.zeros((1, 3), "float32")))
