# ids = ["data.ragged_array", "data.inhomogeneous_array"]
# says = ["entry 1", "length 3"]
# healthy = [["range(len(text.split()))", "range(4)"]]
"""Sentences as numbers of words."""

import numpy as np
import tensorflow as tf

texts = ["the cat sat down", "a dog barked", "it rained again today"]


def encode(text):
    return [index + 1 for index in range(len(text.split()))]


def to_tensor(texts):
    sequences = [encode(text) for text in texts]
    return tf.constant(sequences)  # <- here


tokens = to_tensor(texts)
embedding = tf.keras.layers.Embedding(20, 4)
print(embedding(tokens).shape, np.asarray(tokens).max())
