# ids = ["load.get_config_missing", "load.custom_init_arguments", "load.deserialize_failed"]
# says = []
# healthy = [["**super().get_config()}", "**super().get_config(), \"factor\": self.factor}"]]
"""A layer with an argument that its settings forget, saved and loaded."""

import keras


@keras.saving.register_keras_serializable()
class Times(keras.layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config()}


model = keras.Sequential([keras.Input((2,)), Times(factor=3.0), keras.layers.Dense(1)])
model.save("times.keras")
again = keras.models.load_model("times.keras")  # <- here
print(again.count_params())
