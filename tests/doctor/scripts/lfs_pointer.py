# ids = ["load.keras_zip_not_found", "load.not_a_keras_file"]
# says = ["classifier.keras", "Git LFS"]
# healthy = [["open(path, \"w\").write(POINTER)", "keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(path)"]]
"""A model that came with the repository."""

import keras

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 12345678\n"
)
path = "classifier.keras"
open(path, "w").write(POINTER)


class Service:
    def __init__(self, path):
        self.model = keras.saving.load_model(path)  # <- here

    def describe(self):
        return self.model.count_params()


print(Service(path).describe())
