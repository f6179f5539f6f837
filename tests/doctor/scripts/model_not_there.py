# ids = ["load.keras_zip_not_found", "load.file_missing"]
# says = ["model.keras", "best_model.keras"]
# healthy = [["os.path.join(\"models\", \"model.keras\")", "os.path.join(\"models\", \"best_model.keras\")"]]
"""Predict with the best model of a run."""

import os

import keras
import numpy as np

os.makedirs("models", exist_ok=True)
trained = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
trained.save("models/best_model.keras")


def latest():
    return os.path.join("models", "model.keras")


def main():
    path = latest()
    model = keras.models.load_model(path)  # <- here
    print(model.predict(np.zeros((1, 3)), verbose=0))


if __name__ == "__main__":
    main()
