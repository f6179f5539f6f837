# ids = ["tf.index_out_of_range", "loss.label_out_of_range.too_few_units", "keras.embedding_index", "torch.embedding_index"]
# says = ["`tokens`", "30"]
# healthy = [["keras.layers.Embedding(20, 4)", "keras.layers.Embedding(40, 4)"]]
"""Word numbers larger than the vocabulary."""

import keras
import numpy as np

tokens = np.array([[1, 5, 30], [2, 4, 19]])
model = keras.Sequential([keras.layers.Embedding(20, 4), keras.layers.GlobalAveragePooling1D()])


def encode(tokens):
    return model(tokens)  # <- here


print(encode(tokens).shape)
