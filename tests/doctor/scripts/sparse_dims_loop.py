# ids = ["loss.label_out_of_range.too_few_units", "loss.label_out_of_range.off_by_one"]
# says = ["`targets`", "5"]
# healthy = [["Tagger(tags=5)", "Tagger(tags=6)"]]
"""A tagger of words in a loop of its own, compiled."""

import keras
import numpy as np
import tensorflow as tf


class Tagger(keras.Model):
    def __init__(self, tags):
        super().__init__()
        self.embed = keras.layers.Embedding(50, 8)
        self.run = keras.layers.GRU(6, return_sequences=True)
        self.tag = keras.layers.Dense(tags)

    def call(self, words):
        return self.tag(self.run(self.embed(words)))


words = np.random.default_rng(0).integers(0, 50, (4, 7))
targets = (np.arange(28) % 6).reshape(4, 7)
tagger = Tagger(tags=5)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def loss_of(words, targets):
    return loss_fn(targets, tagger(words))  # <- here


with tf.GradientTape() as tape:
    loss = loss_of(words, targets)
print(float(loss))
