# ids = ["python.attribute_missing"]
# says = ["`Dense`", "`Dens`"]
# healthy = [["layers.Dens(", "layers.Dense("]]
"""A typo in a builder."""

from keras import Input, Sequential, layers


class Builder:
    def __init__(self, sizes):
        self.sizes = sizes

    def build(self):
        model = Sequential([Input((3,))])
        for size in self.sizes:
            model.add(layers.Dens(size, activation="relu"))  # <- here
        return model


print(Builder([8, 4]).build().count_params())
