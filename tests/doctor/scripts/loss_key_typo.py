# ids = ["keras.output_key_unknown"]
# says = ["'height' and 'sort'", "not 'hight'", "'height'?"]
# healthy = [["\"hight\": \"mse\"", "\"height\": \"mse\""]]
"""Height and sort of a tree from its leaves."""

import keras
import numpy as np

leaves = keras.Input((5,))
hidden = keras.layers.Dense(6, activation="relu")(leaves)
answers = {
    "height": keras.layers.Dense(1, name="height")(hidden),
    "sort": keras.layers.Dense(3, activation="softmax", name="sort")(hidden),
}
tree = keras.Model(leaves, answers)
tree.compile("sgd", loss={"hight": "mse", "sort": "sparse_categorical_crossentropy"})
truth = {"height": np.ones((8, 1)), "sort": np.zeros(8, int)}
tree.fit(np.ones((8, 5)), truth, verbose=0)  # <- here
